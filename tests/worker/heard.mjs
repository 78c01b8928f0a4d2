// A gRPC server that prints who calls it, and answers every call with nothing, or with a refusal.
import { readFileSync } from "node:fs";
import { createSecureServer } from "node:http2";

const [certificate, refused] = process.argv.slice(2);
const pem = readFileSync(certificate);
const server = createSecureServer({ key: pem, cert: pem });
server.on("stream", (stream, headers) => {
  console.log(JSON.stringify({ path: headers[":path"], authorization: headers.authorization }));
  stream.respond({ "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": refused ?? "0" }));
  stream.end(refused ? undefined : Buffer.alloc(5));
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
