const response = await fetch(`${process.env.HOLDFAST_URL}/v1/publish`, {
  method: "POST",
  headers: {
    Authorization: `Bearer ${process.env.HOLDFAST_API_KEY}`,
    "Content-Type": "application/json",
    "Idempotency-Key": "order-1042-shipped", // sent again, it is stored once
  },
  body: JSON.stringify({ channel: "chat/orders", data: { order: 1042, state: "shipped" } }),
});
if (!response.ok) throw new Error((await response.json()).detail);
console.log(await response.json());
