using Holdfast.AspNetCore.Transport;
using Microsoft.AspNetCore.Http;

namespace Holdfast.AspNetCore.Tests.Vectors;

/// <summary>Cookies are read here as every client reads them.</summary>
public sealed class CookieVectorTests
{
    [Fact]
    public void A_cookie_header_has_one_value_of_a_name_or_none() =>
        Assert.All(VectorFile.Read("cookies.json").Cases("cases"), one =>
        {
            var headers = new HeaderDictionary { ["Cookie"] = one.Text("header") };
            Assert.Equal(one.Text("value"), new CookieReader(headers).Single(one.Text("cookie")!));
        });
}
