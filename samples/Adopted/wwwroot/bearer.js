// Tokens live in this module's memory and nowhere else: a reload signs out, and no storage holds them.
let tokens = null;
const answer = document.getElementById("answer");

async function call(path, { body, method = body ? "POST" : "GET" } = {}) {
  const headers = { ...(body && { "Content-Type": "application/json" }), ...(tokens && { Authorization: `Bearer ${tokens.access_token}` }) };
  const response = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
  const text = await response.text();
  return { status: response.status, json: text ? JSON.parse(text) : {} };
}

const on = (id, act) => document.getElementById(id).addEventListener("click", async () => { answer.value = "…"; answer.value = await act(); });
on("login", async () => {
  const { status, json } = await call("/login", { body: { name: "ada", password: "Correct-horse-1" } });
  tokens = json;
  return status === 200 ? "signed in" : `refused ${status}`;
});
on("me", async () => {
  const { status, json } = await call("/api/me");
  return status === 200 ? `I am ${json.name}` : json.reason;
});
on("refresh", async () => {
  const { status, json } = await call("/auth/refresh", { body: { refresh_token: tokens.refresh_token } });
  if (status !== 200) return json.reason;
  tokens = json;
  return "refreshed";
});
on("logout", async () => `signed out ${(await call("/auth/logout", { body: { scope: "this" } })).status}`);
