using System.Net;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Holdfast.AspNetCore.Tests.Authorization;

/// <summary>Step-up over HTTP: the challenge, the way to meet it, and what it then opens.</summary>
public sealed class StepUpTests
{
    [Fact]
    [Requirement("SU-04", "SU-05")]
    public async Task A_stale_proof_is_challenged_with_the_age_that_would_do()
    {
        await using var app = await StartAsync();
        using var browser = await app.SignedInAsync();
        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync("/fresh")).StatusCode);
        app.Clock.Advance(TimeSpan.FromMinutes(5) + TimeSpan.FromSeconds(1));
        using var refused = await browser.GetAsync("/fresh");
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        Assert.Equal("reauthentication_required", await Answer.ReasonAsync(refused));
        Assert.Contains("max_age=\"300\"", Challenge(refused), StringComparison.Ordinal);
        Assert.StartsWith("Bearer error=\"insufficient_user_authentication\"", Challenge(refused), StringComparison.Ordinal);

        (await browser.PostAsync("/step-up/aal1")).EnsureSuccessStatusCode();
        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync("/fresh")).StatusCode);
    }

    [Fact]
    [Requirement("SU-04")]
    public async Task A_level_that_is_too_low_is_challenged_with_those_that_would_do_all_at_once()
    {
        await using var app = await StartAsync();
        using var browser = await app.SignedInAsync();
        using var refused = await browser.GetAsync("/strong");
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        Assert.Contains("acr_values=\"aal2 aal3\", max_age=\"60\"", Challenge(refused), StringComparison.Ordinal);
        (await browser.PostAsync("/step-up/aal2")).EnsureSuccessStatusCode();
        Assert.Equal("aal2 otp", await (await browser.GetAsync("/strong")).Content.ReadAsStringAsync());
    }

    [Fact]
    [Requirement("SU-04")]
    public async Task A_page_is_redirected_to_where_the_proof_is_given_and_back()
    {
        await using var app = await StartAsync();
        using var browser = await app.SignedInAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/strong?x=1");
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/html"));
        using var redirect = await browser.SendAsync(request);
        Assert.Equal("/again?ReturnUrl=%2Fstrong%3Fx%3D1&acr_values=aal2%20aal3&max_age=60", redirect.Headers.Location!.OriginalString);
    }

    [Fact]
    public async Task Whoever_lacks_more_than_a_proof_is_refused_for_good()
    {
        await using var app = await StartAsync();
        using var browser = await app.SignedInAsync();
        Assert.Equal(HttpStatusCode.Forbidden, (await browser.GetAsync("/strong-admin")).StatusCode);
        using var nobody = app.Browser();
        Assert.Equal("session_missing", await Answer.ReasonAsync(await nobody.GetAsync("/strong")));
    }

    [Fact]
    [Requirement("SU-06")]
    public async Task Tokens_are_stepped_up_in_the_answer_and_the_older_one_dies()
    {
        await using var app = await StartAsync();
        using var client = new HttpClient { BaseAddress = app.Address };
        var tokens = await Answer.JsonAsync(await client.PostAsync("/tokens/ada", null));
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", tokens.GetProperty("access_token").GetString());
        var raised = await Answer.JsonAsync(await client.PostAsync("/step-up-tokens", null));
        Assert.False(raised.TryGetProperty("refresh_token", out _));
        Assert.Equal("token_expired", await Answer.ReasonAsync(await client.GetAsync("/me")));
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", raised.GetProperty("access_token").GetString());
        Assert.Equal("aal2 otp", await (await client.GetAsync("/strong")).Content.ReadAsStringAsync());
    }

    [Fact]
    [Requirement("CS-03", "SU-05")]
    public async Task Ending_another_device_is_challenged_and_a_step_up_is_enough()
    {
        await using var app = await StartAsync();
        using var phone = await app.SignedInAsync();
        using var laptop = await app.SignedInAsync();
        var sid = await Answer.TextAsync(await phone.GetAsync("/auth/session"), "sid");
        app.Clock.Advance(TimeSpan.FromMinutes(6));
        using var refused = await laptop.PostAsync($"/auth/sessions/{sid}", method: HttpMethod.Delete);
        Assert.Contains("max_age=\"300\"", Challenge(refused), StringComparison.Ordinal);
        (await laptop.PostAsync("/step-up/aal1")).EnsureSuccessStatusCode();
        Assert.Equal(HttpStatusCode.NoContent, (await laptop.PostAsync($"/auth/sessions/{sid}", method: HttpMethod.Delete)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await phone.GetAsync("/me")).StatusCode);
    }

    [Fact]
    [Requirement("SU-03")]
    public async Task A_sensitive_operation_needs_an_approval_of_its_own_each_time()
    {
        await using var app = await StartAsync();
        using var browser = await app.SignedInAsync();
        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.PostAsync("/transfer?to=bob")).StatusCode);
        (await browser.PostAsync("/approve?operation=transfer:bob")).EnsureSuccessStatusCode();
        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.PostAsync("/transfer?to=eve")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await browser.PostAsync("/transfer?to=bob")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.PostAsync("/transfer?to=bob")).StatusCode);
    }

    [Fact]
    [Requirement("SU-06", "CSRF-06")]
    public async Task A_form_from_before_the_step_up_is_refused()
    {
        await using var app = await StartAsync();
        using var browser = await app.SignedInAsync();
        var before = await browser.CsrfTokenAsync();
        (await browser.PostAsync("/step-up/aal2")).EnsureSuccessStatusCode();
        Assert.Equal(HttpStatusCode.Forbidden, (await browser.PostFormAsync("/form", ("csrf_token", before), ("name", "ada"))).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await browser.PostFormAsync("/form", ("csrf_token", await browser.CsrfTokenAsync()), ("name", "ada"))).StatusCode);
    }

    private static string Challenge(HttpResponseMessage response) => response.Headers.WwwAuthenticate.ToString();

    private static Task<TestApp> StartAsync() => TestApp.StartAsync(
        build: builder => builder.Services.Configure<HoldfastSchemeOptions>(HoldfastDefaults.AuthenticationScheme, options => options.ReauthenticationPath = "/again"),
        map: app =>
        {
            app.MapGet("/fresh", () => "fresh").RequireFreshSession(TimeSpan.FromMinutes(5));
            app.MapGet("/strong", (System.Security.Claims.ClaimsPrincipal user) => $"{user.FindFirst("acr")?.Value} {user.FindFirst("amr")?.Value}")
                .RequireAssurance("aal2", "aal3").RequireFreshSession(TimeSpan.FromMinutes(1));
            app.MapGet("/strong-admin", () => "admin").RequireAssurance("aal2").RequireAuthorization(policy => policy.RequireRole("admin"));
            app.MapPost("/step-up/{acr}", (HttpContext http, string acr) => http.StepUpAsync(acr, "otp"));
            app.MapPost("/step-up-tokens", (HttpContext http, IServiceProvider _) => http.StepUpForTokensAsync("aal2", "otp"));
            app.MapPost("/approve", (HttpContext http, string operation) => http.ApproveOperationAsync(operation));
            app.MapPost("/transfer", (string to) => $"sent to {to}").RequireApproval(http => $"transfer:{http.Request.Query["to"]}");
        });
}
