// A real OpenID Connect provider for the tests: node provider.mjs <port> <application's address>
import Provider from "oidc-provider";

const [port, app] = process.argv.slice(2);
const provider = new Provider(`http://localhost:${port}`, {
  clients: [{
    client_id: "holdfast-sample",
    client_secret: "a secret of a sample that guards nothing",
    redirect_uris: [`${app}/signin-oidc`],
    response_types: ["code"],
    grant_types: ["authorization_code"],
    token_endpoint_auth_method: "client_secret_post",
    backchannel_logout_uri: `${app}/signout-oidc-backchannel`,
    backchannel_logout_session_required: true,
  }],
  features: { backchannelLogout: { enabled: true } },
  cookies: { keys: ["a key of a test"] },
  pkce: { required: () => true },
});
provider.on("server_error", (_, error) => console.error(error));
provider.on("backchannel.error", (_, error) => console.error(error));
provider.listen(Number(port), "127.0.0.1", () => console.log("ready"));
