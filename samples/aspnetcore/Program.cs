using Microsoft.Extensions.FileProviders;
using SharedNotes;

var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
builder.WebHost.UseUrls($"http://localhost:{builder.Configuration["PORT"] ?? "5101"}");
builder.Services.AddHoldfast().UseStoreOf(builder.Configuration);

var app = builder.Build();
app.UseHoldfast();
app.UseStaticFiles(new StaticFileOptions { FileProvider = new PhysicalFileProvider(Pages.Directory), RequestPath = "/shared" });
app.MapHoldfast("/auth");
app.MapSignIn();
app.MapSignInForTokens();
app.MapNotes();
app.MapGet("/", Pages.Home);
await app.RunAsync();
