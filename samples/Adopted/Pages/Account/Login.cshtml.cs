using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Adopted.Pages;

/// <summary>The sign-in page.</summary>
public sealed class LoginModel(SignInManager<IdentityUser> signIn) : PageModel
{
    /// <summary>What went wrong.</summary>
    public string? Problem { get; private set; }

    /// <summary>Signs in.</summary>
    public async Task<IActionResult> OnPostAsync(string name, string password, string? returnUrl = null)
    {
        if ((await signIn.PasswordSignInAsync(name, password, isPersistent: false, lockoutOnFailure: true)).Succeeded)
        {
            return LocalRedirect(Url.IsLocalUrl(returnUrl) ? returnUrl : "/");
        }

        Problem = "Name or password is wrong.";
        return Page();
    }
}
