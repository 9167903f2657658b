// Two clients as in the chat tutorial of ASP.NET Core: nothing but SendMessage and ReceiveMessage.
import assert from "node:assert/strict";
import { connect, until } from "./connect.mjs";

const people = [];
for (const name of ["ada", "grace"]) {
  const { connection } = connect();
  const came = [];
  connection.on("ReceiveMessage", (user, message) => {
    came.push(`${user} says ${message}`);
  });
  await connection.start();
  people.push({ name, connection, came });
}
for (const { name, connection } of people) await connection.invoke("SendMessage", name, "hello");
await until(() => people.every(({ came }) => came.length === 2));
for (const { came, connection } of people) {
  assert.deepEqual(came, ["ada says hello", "grace says hello"]);
  await connection.stop();
}
