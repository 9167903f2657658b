const response = await fetch(`${process.env.HOLDFAST_URL}/v1/batch`, {
  method: "POST",
  headers: {
    Authorization: `Bearer ${process.env.HOLDFAST_API_KEY}`,
    "Content-Type": "application/json",
    "Idempotency-Key": "night-shift-7",
  },
  body: JSON.stringify({
    messages: [
      { channel: "chat/orders", data: { order: 1042, state: "delivered" } },
      { channel: "chat/lobby", data: "The night shift begins." },
    ],
  }),
});
if (!response.ok) throw new Error((await response.json()).detail);
for (const { channel, offset, error } of (await response.json()).results) {
  console.log(channel, error?.detail ?? offset);
}
