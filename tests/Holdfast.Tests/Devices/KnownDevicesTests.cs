using Holdfast.Auditing;
using Holdfast.Devices;

namespace Holdfast.Tests.Devices;

/// <summary>Noticing sign-ins from devices that were not seen before.</summary>
public sealed class KnownDevicesTests
{
    private static readonly Device Laptop = new("Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0", "192.0.2.7");
    private static readonly Device Phone = new("Mozilla/5.0 (iPhone) Safari/604.1", "198.51.100.9");
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 9, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Quarter = TimeSpan.FromDays(90);

    [Fact]
    [Requirement("CS-05")]
    public void The_first_device_is_no_news_another_is_and_then_it_is_known()
    {
        var known = KnownDevices.None;
        (var verdict, known) = known.See(Laptop, Now, Quarter);
        Assert.Equal(DeviceVerdict.Known, verdict);
        (verdict, known) = known.See(Phone, Now, Quarter);
        Assert.Equal(DeviceVerdict.New, verdict);
        Assert.Equal(DeviceVerdict.Known, known.See(Phone with { Address = "198.51.77.1" }, Now, Quarter).Verdict);
        Assert.Equal(DeviceVerdict.New, known.See(Phone with { Address = "203.0.113.1" }, Now, Quarter).Verdict);
        Assert.Equal(DeviceVerdict.New, known.See(Laptop with { Place = "Utopia" }, Now, Quarter).Verdict);
    }

    [Fact]
    [Requirement("CS-05")]
    public void A_return_after_a_long_absence_is_remarkable_once()
    {
        var (_, known) = KnownDevices.None.See(Laptop, Now, Quarter);
        Assert.Equal(DeviceVerdict.Known, known.See(Laptop, Now + Quarter, Quarter).Verdict);
        var (verdict, next) = known.See(Laptop, Now + Quarter + TimeSpan.FromDays(1), Quarter);
        Assert.Equal(DeviceVerdict.LongAbsent, verdict);
        Assert.Equal(DeviceVerdict.Known, next.See(Laptop, Now + Quarter + TimeSpan.FromDays(2), Quarter).Verdict);
    }

    [Fact]
    public void Only_the_most_recent_are_remembered_and_nothing_of_them_can_be_read()
    {
        var known = KnownDevices.None;
        for (var index = 0; index < 3 * KnownDevices.Max; index++)
        {
            known = known.See(new Device($"Agent-{index}", "192.0.2.7") { Name = $"Phone {index}" }, Now, Quarter).Next;
        }

        Assert.Equal(KnownDevices.Max, known.Devices.Length);
        var bytes = System.Text.Encoding.UTF8.GetString(known.Encode());
        Assert.DoesNotContain("Phone", bytes, StringComparison.Ordinal);
        Assert.Equal(known.Devices, KnownDevices.Decode(known.Encode()).Devices);
    }

    [Fact]
    [Requirement("CS-05")]
    public async Task A_sign_in_from_a_new_device_is_an_event_with_device_and_time_also_when_sign_ins_race()
    {
        using var engine = await Engine.StartedAsync(options => options.WatchDevices = true);
        await SignInAsync(engine, Laptop);
        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(() => SignInAsync(engine, Phone))));
        var told = Assert.Single(await engine.EventsAsync(), one => one.Type == SessionEventType.NewDevice);
        Assert.Equal(("ada", "Safari on iPhone", engine.Clock.GetUtcNow()), (told.Subject, told.Reason, told.At));

        engine.Clock.Advance(TimeSpan.FromDays(100));
        await SignInAsync(engine, Phone);
        Assert.Single(await engine.EventsAsync(), one => one.Type == SessionEventType.LongAbsent);
        await engine.Sessions.ForgetDevicesAsync(Engine.Tenant, Engine.Ada, CancellationToken.None);
        await SignInAsync(engine, Laptop with { Name = "A toaster" });
        Assert.Single(await engine.EventsAsync(), one => one.Type == SessionEventType.NewDevice);
    }

    [Fact]
    public async Task Nothing_is_remembered_unless_asked_for()
    {
        using var engine = await Engine.StartedAsync();
        await SignInAsync(engine, Laptop);
        await SignInAsync(engine, Phone);
        Assert.DoesNotContain(await engine.EventsAsync(), one => one.Type == SessionEventType.NewDevice);
    }

    [Theory]
    [InlineData("\"Chromium\";v=\"130\", \"Google Chrome\";v=\"130\", \"Not?A_Brand\";v=\"99\"", "\"Windows\"", "\"15.0.0\"", null, "Chrome on Windows 11")]
    [InlineData("\"Not?A_Brand\";v=\"99\", \"Chromium\";v=\"130\", \"Microsoft Edge\";v=\"130\"", "\"Windows\"", "\"10.0.0\"", null, "Edge on Windows 10")]
    [InlineData("\"Chromium\";v=\"130\", \"Not?A_Brand\";v=\"99\"", "\"Android\"", "\"15\"", "\"Pixel 9\"", "Chromium on Pixel 9")]
    [InlineData("nonsense", "Windows", "\"x", "\"\\\"\"", "Chrome on Linux")]
    [InlineData(null, null, null, null, "Chrome on Linux")]
    public void Client_hints_say_what_user_agents_no_longer_do(string? brands, string? platform, string? version, string? model, string expected) =>
        Assert.Equal(expected, UserAgent.Parse("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130.0.0.0 Safari/537.36", ClientHints.Parse(brands, platform, version, model)).ToString());

    [Fact]
    public void Hints_that_contradict_the_user_agent_are_left_out() =>
        Assert.Equal("Firefox on Linux", UserAgent.Parse(Laptop.UserAgent, new ClientHints("Chrome", "Windows 11", null)).ToString());

    private static async Task SignInAsync(Engine engine, Device device) => await engine.Sessions.SignInAsync(
        new SignIn { Subject = Engine.Ada, Device = device }, Engine.Browser, CancellationToken.None);
}
