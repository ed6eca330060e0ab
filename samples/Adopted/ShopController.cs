using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;

namespace Adopted;

/// <summary>A shop: a cart for visitors, orders for those who signed in.</summary>
[AutoValidateAntiforgeryToken]
public sealed class ShopController : Controller
{
    /// <summary>The cart.</summary>
    [HttpGet]
    public IActionResult Index() => View((object?)HttpContext.Session.GetString("cart"));

    /// <summary>Puts something in.</summary>
    [HttpPost]
    public IActionResult Add(string item)
    {
        HttpContext.Session.SetString("cart", string.Join(", ", new[] { HttpContext.Session.GetString("cart"), item }.Where(one => !string.IsNullOrEmpty(one))));
        TempData["message"] = $"Added {item}.";
        return RedirectToAction(nameof(Index));
    }

    /// <summary>The sign-in page.</summary>
    [HttpGet]
    public IActionResult Login() => View();

    /// <summary>Signs in.</summary>
    [HttpPost]
    public async Task<IActionResult> Login(string name, string password, string? returnUrl)
    {
        if (!DemoUser.Accepts(name, password))
        {
            return Unauthorized();
        }

        await HttpContext.SignInAsync(DemoUser.Principal(CookieAuthenticationDefaults.AuthenticationScheme));
        return LocalRedirect(Url.IsLocalUrl(returnUrl) ? returnUrl : "/");
    }

    /// <summary>Orders what is in the cart.</summary>
    [Authorize]
    [HttpPost]
    public IActionResult Order()
    {
        TempData["message"] = $"{User.Identity!.Name} ordered {HttpContext.Session.GetString("cart")}.";
        HttpContext.Session.Remove("cart");
        return RedirectToAction(nameof(Index));
    }

    /// <summary>Signs out.</summary>
    [HttpPost]
    public async Task<IActionResult> Logout()
    {
        await HttpContext.SignOutAsync();
        return RedirectToAction(nameof(Index));
    }
}
