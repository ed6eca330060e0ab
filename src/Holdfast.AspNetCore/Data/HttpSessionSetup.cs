using Holdfast;
using Holdfast.AspNetCore.Data;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary><c>HttpContext.Session</c> on Holdfast.</summary>
public static class HoldfastHttpSessionExtensions
{
    /// <summary>
    /// Puts <c>HttpContext.Session</c> (and what is built on it, such as TempData) on the session's data, for visitors too. It is loaded before
    /// an endpoint runs and written, field by field, before its response starts. <c>AddSession</c> and <c>UseSession</c> may stay; after
    /// <c>app.UseHoldfast()</c> neither is needed.
    /// </summary>
    public static HoldfastBuilder UseForHttpSession(this HoldfastBuilder builder)
    {
        builder.Services.AddHttpContextAccessor();
        builder.Services.AddDataProtection();
        builder.Services.RemoveAll<Microsoft.AspNetCore.Session.ISessionStore>();
        builder.Services.AddSingleton<Microsoft.AspNetCore.Session.ISessionStore, HttpSessionStore>();
        return builder;
    }
}
