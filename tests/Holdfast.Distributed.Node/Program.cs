using System.Security.Claims;
using Holdfast;
using Holdfast.Distributed.Node;
using Microsoft.AspNetCore.Authentication;

// One node of several: an application as any other, with doors for the tests to end sessions as an administrator and to set its clock.
// Environment: ASPNETCORE_URLS, NODE_REDIS (a connection string) or NODE_SQLITE (a path), and Holdfast__* as always.
var builder = WebApplication.CreateSlimBuilder(args);
var clock = new SteppedClock();
builder.Services.AddSingleton<TimeProvider>(clock);
builder.Services.AddHealthChecks().AddHoldfast();
var holdfast = builder.Services.AddHoldfast();
_ = (builder.Configuration["NODE_REDIS"], builder.Configuration["NODE_SQLITE"]) switch
{
    ({ } connection, null) => holdfast.UseRedis(connection),
    (null, { } path) => holdfast.UseSqlite(path),
    _ => throw new InvalidOperationException("Set either NODE_REDIS or NODE_SQLITE."),
};

var app = builder.Build();
app.UseHoldfast();

// The tests' clients are no browsers, and how CSRF tokens travel is not what these tests are about.
app.MapHoldfast("/auth").DisableAntiforgery();
app.MapHealthChecks("/health");
app.MapPost("/sign-in/{subject}", async (HttpContext http, string subject) =>
{
    await http.SignInAsync(Principal(subject));
    return http.GetHoldfastSession().Handle.ToString();
});
app.MapPost("/tokens/{subject}", (HttpContext http, string subject) => http.SignInForTokensAsync(Principal(subject)));
app.MapGet("/check", (HttpContext http) => http.GetHoldfastSession().Handle.ToString()).RequireAuthorization();

// Gone, unknown and ended before are one answer: whoever asked wanted it gone.
app.MapPost("/admin/end/{sid}", async (string sid, SessionManager sessions, CancellationToken cancellationToken) =>
{
    var handle = SessionHandle.TryParse(sid, out var parsed) ? parsed : throw new BadHttpRequestException("That is no handle.");
    await sessions.EndAsync(handle, EndReason.Revoked, Caller.Application, cancellationToken);
    return Results.NoContent();
});
app.MapPost("/admin/end-all/{subject}", async (string subject, SessionManager sessions, CancellationToken cancellationToken) =>
{
    await sessions.EndAllAsync(SessionPolicy.DefaultTenant, subject, null, EndReason.Revoked, Caller.Application, cancellationToken);
    return Results.NoContent();
});
app.MapPost("/admin/clock/{seconds:int}", (int seconds) => { clock.Offset = TimeSpan.FromSeconds(seconds); });

await app.StartAsync();

// Whoever started this node holds its standard input: gone with them, it is stopped too, and no test run leaves nodes behind.
_ = Task.Run(async () =>
{
    await Console.In.ReadToEndAsync();
    app.Lifetime.StopApplication();
});
await app.WaitForShutdownAsync();

static ClaimsPrincipal Principal(string subject) => new(new ClaimsIdentity(
    [new Claim(ClaimTypes.NameIdentifier, subject), new Claim(ClaimTypes.Name, subject), new Claim("amr", "pwd")], "password"));
