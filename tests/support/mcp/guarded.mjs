/**
 * An MCP server at an address that wants somebody to sign in, and the authorization server for it. Whoever opens the
 * page to sign in at is taken to be willing and sent back. Prints its origin. A test double only.
 */
import { createServer } from "node:http";

const CODE = "a-code";
const TOKEN = "a-token";
let origin = "";

const answer = (response, status, body, headers = {}) => {
  response.writeHead(status, { "Content-Type": "application/json", ...headers });
  response.end(body === undefined ? "" : JSON.stringify(body));
};

const results = {
  initialize: (params) => ({
    protocolVersion: params.protocolVersion,
    capabilities: { tools: {} },
    serverInfo: { name: "guarded", version: "1" },
  }),
  "tools/list": () => ({ tools: [{ name: "echo", description: "Says it again.", inputSchema: { type: "object" } }] }),
  ping: () => ({}),
};

const speak = (response, body) => {
  const { id, method, params } = JSON.parse(body);
  if (id === undefined) return answer(response, 202);
  const result = results[method]?.(params);
  if (result) return answer(response, 200, { jsonrpc: "2.0", id, result });
  return answer(response, 200, { jsonrpc: "2.0", id, error: { code: -32601, message: `no ${method} here` } });
};

const pages = {
  "/about": (response) => answer(response, 200, { resource: `${origin}/mcp`, authorization_servers: [origin] }),
  "/.well-known/oauth-authorization-server": (response) =>
    answer(response, 200, {
      issuer: origin,
      authorization_endpoint: `${origin}/authorize`,
      token_endpoint: `${origin}/token`,
      registration_endpoint: `${origin}/register`,
      code_challenge_methods_supported: ["S256"],
      authorization_response_iss_parameter_supported: true,
    }),
  "/register": (response) => answer(response, 201, { client_id: "us" }),
  "/authorize": (response, _, query) => {
    const back = new URL(query.get("redirect_uri"));
    for (const [name, value] of [["code", CODE], ["state", query.get("state")], ["iss", origin]]) back.searchParams.set(name, value);
    answer(response, 302, undefined, { Location: back.href });
  },
  "/token": (response, body) => {
    const is_right = new URLSearchParams(body).get("code") === CODE;
    if (!is_right) return answer(response, 400, { error: "invalid_grant" });
    return answer(response, 200, { access_token: TOKEN, token_type: "Bearer", expires_in: 3600 });
  },
};

const server = createServer(async (request, response) => {
  const url = new URL(request.url, origin);
  let body = "";
  for await (const piece of request) body += piece;
  if (url.pathname === "/mcp") {
    if (request.headers.authorization !== `Bearer ${TOKEN}`) {
      return answer(response, 401, undefined, { "WWW-Authenticate": `Bearer resource_metadata="${origin}/about"` });
    }
    return request.method === "POST" ? speak(response, body) : answer(response, 405);
  }
  const page = pages[url.pathname];
  return page ? page(response, body, url.searchParams) : answer(response, 404);
});
server.listen(0, "127.0.0.1", () => {
  origin = `http://127.0.0.1:${server.address().port}`;
  process.stdout.write(`${origin}\n`);
});
