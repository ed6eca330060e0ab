using Playground;

var settings = PlaygroundSettings.FromEnvironment();
await using var app = await PlaygroundApp.CreateAsync(settings, args);
app.Lifetime.ApplicationStarted.Register(() => Console.WriteLine($"""

      Holdfast playground:   {settings.Address}

      Sign in as             {DemoAccount.Email}
      with the password      {DemoAccount.Password}

      Then try: a second browser as another device, sign out everywhere, and the attacks at the foot of the page.
      The other site, for the attacks, is at {settings.OtherAddress}. Data lies in {settings.Directory}. Ctrl+C stops.

    """));
await app.RunAsync();
