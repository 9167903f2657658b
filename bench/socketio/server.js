// A Socket.IO server as its documentation shows it: clients join rooms, and what one of them
// publishes to a room is emitted to all in it.
//
//   node server.js PORT [CERT KEY]

import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import { Server } from "socket.io";

const [port, cert, key] = process.argv.slice(2);
const listener = cert
  ? https.createServer({ cert: readFileSync(cert), key: readFileSync(key) })
  : http.createServer();

// Clients begin with WebSocket; nothing serves pages.
const io = new Server(listener, { transports: ["websocket"], serveClient: false });

io.on("connection", (socket) => {
  socket.on("join", (room, done) => {
    socket.join(room);
    done();
  });
  socket.on("publish", (room, message) => io.to(room).emit("m", message));
});

listener.listen(Number(port), "127.0.0.1");
