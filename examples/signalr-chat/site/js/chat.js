// All that this page knows is a hub with the method SendMessage, which invokes ReceiveMessage.
const element = (id) => document.getElementById(id);
const connection = new signalR.HubConnectionBuilder().withUrl("/chatHub").withAutomaticReconnect().build();

connection.on("ReceiveMessage", (user, message) => {
  const line = document.createElement("li");
  const name = document.createElement("b");
  name.textContent = user;
  line.append(name, message);
  element("messages").append(line);
  line.scrollIntoView();
});

const tell = (status, ready) => {
  element("status").textContent = status;
  element("send").disabled = !ready;
};
connection.onreconnecting(() => tell("The connection broke; connecting again…", false));
connection.onreconnected(() => tell("Connected.", true));
connection.onclose((error) => tell(`The connection is over${error ? `: ${error.message}` : ""}. Reload the page.`, false));

document.querySelector("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    await connection.invoke("SendMessage", element("user").value, element("message").value);
    element("message").value = "";
  } catch (error) {
    element("status").textContent = `Not sent: ${error.message}`;
  }
  element("message").focus();
});

connection.start().then(
  () => tell("Connected.", true),
  (error) => tell(`No connection: ${error.message}`, false),
);
