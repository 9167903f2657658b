// A program that listens to a channel with the EventSource of Node.js programs while its connections break. It prints the data of each
// event as JSON, until one is "end". Arguments: the module of EventSource, and the URL.
const [module, url] = process.argv.slice(2);
const { EventSource } = await import(module);

const came = [];
const told = [];
const events = new EventSource(url);
events.onmessage = ({ data }) => {
  came.push(data);
  if (data === "end") {
    events.close();
    console.log(JSON.stringify({ came, told }));
  }
};
events.addEventListener("live", () => process.stderr.write("live\n"), { once: true });
for (const type of ["lost", "gap"]) {
  events.addEventListener(type, ({ data }) => told.push(`${type} ${data}`));
}
events.onerror = ({ code }) => code && told.push(`refused with ${code}`);
