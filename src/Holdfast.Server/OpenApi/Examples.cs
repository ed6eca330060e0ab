namespace Holdfast.Server.OpenApi;

/// <summary>The examples of the OpenAPI document. A test sends the requests among them to a server, and holds its answers to the others.</summary>
internal static class Examples
{
    public const string Create = """
        {
          "subject": "ada",
          "transport": "cookie",
          "claims": { "name": "Ada Lovelace", "role": ["admin", "author"] },
          "data": { "theme": "dark" },
          "acr": "aal1",
          "amr": ["pwd"],
          "device": { "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "ip": "203.0.113.7" }
        }
        """;

    private const string Facts = """
        "sid": "BUZpJ3mUQ0uW4tNq7cFvNg",
        "subject": "ada",
        "tenant": "default",
        "client": "default",
        "transport": "cookie",
        "remembered": false,
        "created_at": "2026-03-01T09:00:00Z",
        "last_seen_at": "2026-03-01T09:00:00Z",
        "idle_expires_at": "2026-03-01T09:31:00Z",
        "expires_at": "2026-03-01T21:00:00Z",
        "auth_time": "2026-03-01T09:00:00Z",
        "acr": "aal1",
        "amr": ["pwd"],
        "cv": 1,
        "epoch": 0,
        "claims": { "name": "Ada Lovelace", "role": ["admin", "author"] }
        """;

    public const string Session = $$"""
        {
        {{Facts}},
          "device": {
            "name": "Firefox on Linux",
            "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "address": "203.0.113.7"
          }
        }
        """;

    public const string Created = $$"""
        {
          "session": {{Session}},
          "cookies": [
            {
              "name": "__Host-Http-holdfast",
              "value": "hfs_...",
              "header": "__Host-Http-holdfast=hfs_...; path=/; secure; httponly; samesite=lax"
            }
          ]
        }
        """;

    public const string Verify = """{ "cookie": "hfs_...", "renew": true }""";

    public const string Verified = $$"""
        { "status": "live", "session": { {{Facts}} }, "cookies": [], "remember_for_ms": 600000 }
        """;

    public const string Exchange = """{ "refresh_token": "hfr_...", "from": "body", "device": { "ip": "203.0.113.7" } }""";

    public const string Exchanged = $$"""
        { "status": "live", "session": { {{Facts}} }, "cookies": [], "tokens": {{Tokens}} }
        """;

    public const string Application = """
        {
          "id": "shop",
          "tenant": "shop",
          "audience": "https://api.shop.example",
          "issuer": "https://holdfast.example",
          "jwks_uri": "https://holdfast.example/.well-known/jwks.json",
          "transports": ["cookie", "tokens", "token-cookies"],
          "scopes": ["sessions:create", "sessions:read", "sessions:end"],
          "max_staleness_ms": 1000,
          "access_token_claims": ["role"],
          "same_site": "lax"
        }
        """;

    public const string Page = $$"""
        { "sessions": [{{Session}}] }
        """;

    public const string Elevate = """{ "acr": "aal2", "amr": ["pwd", "otp"] }""";

    public const string Data = """{ "cart": ["book"], "theme": "dark" }""";

    public const string Patch = """{ "cart": ["book"], "coupon": null }""";

    public const string Activity = """
        {
          "seen": [{ "sid": "BUZpJ3mUQ0uW4tNq7cFvNg", "at": "2026-03-01T09:05:00Z" }],
          "confirmed": [{ "sid": "BUZpJ3mUQ0uW4tNq7cFvNg", "generation": 2 }]
        }
        """;

    public const string Feed = """
        {
          "position": "AAABnKpD8wAAAAAAAAAAAB6q0vQ", "starts_over": false, "more": false, "age_ms": 180, "max_staleness_ms": 1000, "now": "2026-03-01T09:05:00Z",
          "entries": [{ "kind": "session_ended", "partition": 5, "sid": "BUZpJ3mUQ0uW4tNq7cFvNg", "reason": "signed_out", "at": "2026-03-01T09:05:00Z" }]
        }
        """;

    public const string Tokens = """
        { "access_token": "eyJ...", "token_type": "Bearer", "expires_in": 300, "refresh_token": "hfr_...", "refresh_expires_in": 604860 }
        """;

    public const string Introspected = """
        {
          "active": true,
          "client_id": "default",
          "sub": "ada",
          "aud": "https://api.example",
          "iss": "https://holdfast.example",
          "exp": 1772356200,
          "iat": 1772355900,
          "jti": "m2y5bnQ1oZ9oHq0cV4kPJg",
          "token_type": "Bearer",
          "tenant": "default",
          "sid": "BUZpJ3mUQ0uW4tNq7cFvNg",
          "acr": "aal1",
          "amr": ["pwd"],
          "auth_time": 1772355900
        }
        """;

    public const string Event = """
        { "type": "sign_in.failed", "subject": "ada", "reason": "wrong_password", "device": { "ip": "203.0.113.7" } }
        """;
}
