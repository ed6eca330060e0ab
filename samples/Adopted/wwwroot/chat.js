// SignalR's JSON protocol by hand, over a WebSocket: messages end with U+001E, the first one is the handshake.
const byId = (id) => document.getElementById(id);
const END = "\u001e";
let socket = null;

async function post(path, body) {
  const { token, header } = await (await fetch("/auth/csrf")).json();
  return fetch(path, { method: "POST", headers: { "Content-Type": "application/json", [header]: token }, body: JSON.stringify(body) });
}

function connect() {
  socket = new WebSocket(`${location.origin.replace("http", "ws")}/chat`);
  socket.onopen = () => socket.send(JSON.stringify({ protocol: "json", version: 1 }) + END);
  socket.onclose = () => { byId("state").textContent = "connection closed"; };
  socket.onmessage = ({ data }) => {
    for (const text of data.split(END).filter(Boolean)) {
      const message = JSON.parse(text);
      if (message.type === undefined) byId("state").textContent = "connected";
      if (message.type === 1) byId("log").append(Object.assign(document.createElement("li"), { textContent: message.arguments.join(": ") }));
    }
  };
}

byId("login").onclick = async () => {
  const { status } = await post("/login", { name: "ada", password: "Correct-horse-1" });
  byId("state").textContent = status === 204 ? "signed in" : `refused ${status}`;
};
byId("logout").onclick = () => post("/auth/logout", { scope: "this" });
byId("connect").onclick = connect;
byId("say").onclick = () => socket.send(JSON.stringify({ type: 1, target: "Say", arguments: [byId("text").value] }) + END);
