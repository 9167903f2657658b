// Connects, says so, and tells how the server ends the connection.
//
//	node ending.mjs WEB URL TRANSPORT PROTOCOL [TOKEN]
import { connect } from "./connect.mjs";

const token = process.argv[6];
const { connection } = connect({
  options: token ? { accessTokenFactory: () => token } : {},
  build: (b) => b.withAutomaticReconnect([60_000]),
});
const ended = new Promise((resolve) => {
  connection.onclose((e) => resolve(`closed: ${e?.message}`));
  connection.onreconnecting((e) => resolve(`reconnecting: ${e?.message}`));
});
await connection.start();
const { position } = await connection.invoke("Subscribe", "chat/ending");
console.log(`ready ${position}`);
console.log(await ended);
process.exit(0);
