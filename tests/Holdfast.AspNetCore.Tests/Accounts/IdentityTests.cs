using System.Net;
using System.Security.Claims;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Identity.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Holdfast.AspNetCore.Tests.Accounts;

/// <summary>ASP.NET Core Identity on Holdfast sessions: what it does unchanged, and what changes to an account do to its sessions.</summary>
public sealed class IdentityTests : IDisposable
{
    private const string Password = "Correct-horse-1";

    private readonly string _database = Path.GetTempFileName();

    public void Dispose() => File.Delete(_database);

    [Fact]
    public async Task Signing_in_with_a_password_works_unchanged_on_our_cookie()
    {
        await using var app = await StartAsync();
        using var ada = await SignedInAsync(app);
        Assert.Contains("__Host-Http-holdfast", ada.Cookies.Keys);
        Assert.DoesNotContain(ada.Cookies.Keys, name => name.StartsWith(".AspNetCore.Identity.Application", StringComparison.Ordinal));
        Assert.Equal("ada", await (await ada.GetAsync("/name")).Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Identity_may_keep_its_own_cookie_and_have_sessions_behind_it()
    {
        await using var app = await StartAsync(services => services.AddHoldfast().UseForCookies(IdentityConstants.ApplicationScheme), ownCookie: true);
        using var ada = await SignedInAsync(app);
        Assert.Contains(".AspNetCore.Identity.Application", ada.Cookies.Keys);
        Assert.Equal("ada", await (await ada.GetAsync("/name")).Content.ReadAsStringAsync());
        (await ada.PostAsync("/auth/logout", new { scope = "all" })).EnsureSuccessStatusCode();
        Assert.NotEqual(HttpStatusCode.OK, (await ada.GetAsync("/name")).StatusCode);
    }

    [Fact]
    public async Task A_page_is_sent_to_the_sign_in_page_and_a_program_is_not()
    {
        await using var app = await StartAsync();
        using var browser = app.Browser();
        using var page = await browser.SendAsync(new HttpRequestMessage(HttpMethod.Get, "/name?x=1") { Headers = { { "Accept", "text/html,application/xhtml+xml" } } });
        Assert.Equal(HttpStatusCode.Redirect, page.StatusCode);
        Assert.Equal("/Account/Login?ReturnUrl=%2Fname%3Fx%3D1", page.Headers.Location!.ToString());
        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.GetAsync("/name")).StatusCode);
    }

    [Fact]
    [Requirement("LO-05", "LO-04")]
    public async Task Changing_the_password_ends_all_other_sessions_and_keeps_this_one()
    {
        await using var app = await StartAsync();
        using var here = await SignedInAsync(app);
        using var there = await SignedInAsync(app);
        Assert.Equal(HttpStatusCode.OK, (await here.PostAsync("/change-password")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await here.GetAsync("/name")).StatusCode);
        Assert.Equal("session_revoked", await Answer.ReasonAsync(await there.GetAsync("/name")));
    }

    [Theory]
    [InlineData("email")]
    [InlineData("phone")]
    [InlineData("two-factor")]
    [InlineData("recovery-codes")]
    [InlineData("authenticator")]
    [Requirement("SU-02")]
    public async Task What_guards_the_account_is_changed_by_its_user_only_after_a_recent_proof(string what)
    {
        await using var app = await StartAsync();
        using var ada = await SignedInAsync(app);
        app.Clock.Advance(TimeSpan.FromMinutes(5) + TimeSpan.FromSeconds(1));
        Assert.Equal(HttpStatusCode.BadRequest, (await ada.PostAsync($"/mine/{what}")).StatusCode);
        (await ada.PostAsync("/proven-again")).EnsureSuccessStatusCode();
        Assert.Equal(HttpStatusCode.OK, (await ada.PostAsync($"/mine/{what}")).StatusCode);
    }

    [Theory]
    [InlineData("delete")]
    [InlineData("lock")]
    [InlineData("reset")]
    [Requirement("LO-04", "LO-05", "RT-10")]
    public async Task Deleting_locking_or_resetting_an_account_ends_all_its_sessions(string what)
    {
        await using var app = await StartAsync();
        using var one = await SignedInAsync(app);
        using var other = await SignedInAsync(app);
        using var admin = app.Browser();
        Assert.Equal(HttpStatusCode.OK, (await admin.PostAsync($"/admin/{what}/ada")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await one.GetAsync("/name")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await other.GetAsync("/name")).StatusCode);
    }

    [Fact]
    [Requirement("AU-01")]
    public async Task Failed_sign_ins_are_recorded_whoever_they_were_tried_for()
    {
        await using var app = await StartAsync();
        using var browser = app.Browser();
        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.PostAsync("/password/ada/wrong")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.PostAsync("/password/nobody/wrong")).StatusCode);
        var reasons = (await app.EventsAsync()).Where(one => one.Name == "sign_in.failed").Select(one => one.Reason);
        Assert.Equal(["wrong_password", "unknown_user"], reasons);
        Assert.DoesNotContain(app.Log.Lines, line => line.Contains("/wrong", StringComparison.Ordinal) && line.Contains("sign_in", StringComparison.Ordinal));
    }

    [Fact]
    [Requirement("LO-04", "LO-06")]
    public async Task A_password_that_was_changed_while_it_was_being_checked_signs_nobody_in()
    {
        await using var app = await StartAsync();
        using var browser = app.Browser();
        using var refused = await browser.PostAsync("/race");
        Assert.Equal((HttpStatusCode.Conflict, "conflict"), (refused.StatusCode, await Answer.ReasonAsync(refused)));
        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.GetAsync("/name")).StatusCode);
    }

    [Fact]
    public async Task A_user_manager_that_is_not_ours_stops_the_start()
    {
        var refused = await Assert.ThrowsAsync<HoldfastConfigurationException>(() => StartAsync(services => services.AddScoped<UserManager<IdentityUser>, ForeignManager>()));
        Assert.Contains("HoldfastUserManager<IdentityUser>", refused.Message, StringComparison.Ordinal);
    }

    private static async Task<BrowserClient> SignedInAsync(TestApp app)
    {
        var browser = app.Browser();
        (await browser.PostAsync($"/password/ada/{Password}")).EnsureSuccessStatusCode();
        return browser;
    }

    private async Task<TestApp> StartAsync(Action<IServiceCollection>? more = null, bool ownCookie = false)
    {
        var app = await TestApp.StartAsync(
            build: builder =>
            {
                builder.Services.AddDbContext<Accounts>(options => options.UseSqlite($"Data Source={_database};Pooling=False"));
                builder.Services.AddIdentity<IdentityUser, IdentityRole>().AddEntityFrameworkStores<Accounts>().AddDefaultTokenProviders();
                if (!ownCookie)
                {
                    builder.Services.AddHoldfast().UseForIdentity();
                }

                more?.Invoke(builder.Services);
            },
            map: Map);
        using var scope = app.Service<IServiceScopeFactory>().CreateScope();
        await scope.ServiceProvider.GetRequiredService<Accounts>().Database.EnsureCreatedAsync();
        await scope.ServiceProvider.GetRequiredService<UserManager<IdentityUser>>().CreateAsync(new IdentityUser("ada"), Password);
        return app;
    }

    private static void Map(WebApplication web)
    {
        web.MapGet("/name", (ClaimsPrincipal me) => me.Identity!.Name).RequireAuthorization();
        web.MapPost("/password/{user}/{password}", async (string user, string password, SignInManager<IdentityUser> identity) =>
            (await identity.PasswordSignInAsync(user, password, false, true)).Succeeded ? Results.Ok() : Results.Unauthorized());
        web.MapPost("/change-password", async (ClaimsPrincipal me, UserManager<IdentityUser> users, SignInManager<IdentityUser> identity) =>
        {
            var user = (await users.GetUserAsync(me))!;
            var changed = await users.ChangePasswordAsync(user, Password, Password + "2");
            await identity.RefreshSignInAsync(user);
            return changed.Succeeded ? Results.Ok() : Results.BadRequest();
        });
        web.MapPost("/proven-again", (HttpContext http) => http.StepUpAsync(null, "pwd"));
        web.MapPost("/mine/{what}", async (string what, ClaimsPrincipal me, UserManager<IdentityUser> users) =>
        {
            var user = (await users.GetUserAsync(me))!;
            var done = what switch
            {
                "email" => (await users.SetEmailAsync(user, "ada@example.org")).Succeeded,
                "phone" => (await users.SetPhoneNumberAsync(user, "+44123456")).Succeeded,
                "two-factor" => (await users.SetTwoFactorEnabledAsync(user, true)).Succeeded,
                "recovery-codes" => await users.GenerateNewTwoFactorRecoveryCodesAsync(user, 3) is not null,
                _ => (await users.ResetAuthenticatorKeyAsync(user)).Succeeded,
            };
            return done ? Results.Ok() : Results.BadRequest();
        });
        web.MapPost("/admin/{what}/{name}", async (string what, string name, UserManager<IdentityUser> users) =>
        {
            var user = (await users.FindByNameAsync(name))!;
            var result = what switch
            {
                "delete" => await users.DeleteAsync(user),
                "lock" => await users.SetLockoutEndDateAsync(user, DateTimeOffset.MaxValue),
                _ => await users.ResetPasswordAsync(user, await users.GeneratePasswordResetTokenAsync(user), Password + "3"),
            };
            return result.Succeeded ? Results.Ok() : Results.BadRequest();
        });
        web.MapPost("/race", async (UserManager<IdentityUser> users, SignInManager<IdentityUser> identity, IServiceScopeFactory scopes) =>
        {
            // The principal is made, as after a right password; then somebody changes it elsewhere.
            var user = (await users.FindByNameAsync("ada"))!;
            var principal = await identity.CreateUserPrincipalAsync(user);
            await using (var elsewhere = scopes.CreateAsyncScope())
            {
                var others = elsewhere.ServiceProvider.GetRequiredService<UserManager<IdentityUser>>();
                await others.ChangePasswordAsync((await others.FindByNameAsync("ada"))!, Password, Password + "9");
            }

            await Microsoft.AspNetCore.Authentication.AuthenticationHttpContextExtensions.SignInAsync(identity.Context, IdentityConstants.ApplicationScheme, principal);
        });
    }

    private sealed class Accounts(DbContextOptions<Accounts> options) : IdentityDbContext<IdentityUser>(options);

    private sealed class ForeignManager(
        IUserStore<IdentityUser> store, Microsoft.Extensions.Options.IOptions<IdentityOptions> options, IServiceProvider services, Microsoft.Extensions.Logging.ILogger<UserManager<IdentityUser>> logger)
        : UserManager<IdentityUser>(store, options, new PasswordHasher<IdentityUser>(), [], [], new UpperInvariantLookupNormalizer(), new IdentityErrorDescriber(), services, logger);
}
