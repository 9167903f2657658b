const query = new URLSearchParams({ channel: "chat/lobby" });
const response = await fetch(`${process.env.HOLDFAST_URL}/v1/presence?${query}`, {
  headers: { Authorization: `Bearer ${process.env.HOLDFAST_API_KEY}` },
});
if (!response.ok) throw new Error((await response.json()).detail);
const { count, users } = await response.json();
console.log(count.users, users.map(({ user }) => user));
