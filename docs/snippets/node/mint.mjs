const response = await fetch(`${process.env.HOLDFAST_URL}/v1/tokens`, {
  method: "POST",
  headers: {
    Authorization: `Bearer ${process.env.HOLDFAST_API_KEY}`,
    "Content-Type": "application/json",
  },
  body: JSON.stringify({ user: "ada", channels: { "chat/#": "rw", "inbox/{user}": "r" }, expires_in: 3600 }),
});
if (!response.ok) throw new Error((await response.json()).detail);
const { token } = await response.json();
console.log(token); // for the browser of ada: new Holdfast(url, { token: () => token })
