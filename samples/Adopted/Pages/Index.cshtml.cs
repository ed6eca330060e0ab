using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Adopted.Pages;

/// <summary>The page behind the sign-in.</summary>
public sealed class IndexModel(UserManager<IdentityUser> users, SignInManager<IdentityUser> signIn) : PageModel
{
    /// <summary>What went wrong.</summary>
    public string? Problem { get; private set; }

    /// <summary>What the account says.</summary>
    public string? Phone { get; private set; }

    /// <summary>Shows it.</summary>
    public async Task OnGetAsync() => Phone = (await users.GetUserAsync(User))?.PhoneNumber;

    /// <summary>Changes something of the account.</summary>
    public async Task OnPostPhoneAsync(string phone)
    {
        var user = (await users.GetUserAsync(User))!;
        var result = await users.SetPhoneNumberAsync(user, phone);
        Problem = result.Succeeded ? null : result.Errors.First().Description;
        Phone = (await users.GetUserAsync(User))?.PhoneNumber;
    }

    /// <summary>Signs out.</summary>
    public async Task<IActionResult> OnPostSignOutAsync()
    {
        await signIn.SignOutAsync();
        return RedirectToPage("/Account/Login");
    }
}
