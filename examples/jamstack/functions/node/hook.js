// Makes a function of the Fetch API (Request in, Response out) of one from an event to its reply. Only what
// bears a good signature (Standard Webhooks, docs/hooks.md) reaches it.

const tolerance = 5 * 60; // seconds that the clocks may differ

/** Thrown by a function that says no; the visitor is shown the message. */
export class Refusal extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/** An error that is no Refusal is answered with 502: the hook comes again with what it tells, and refuses what it asks. */
export const hook = (answer) => async (request, env) => {
  const body = new Uint8Array(await request.arrayBuffer());
  if (!(await isSigned(request.headers, body, env.HOLDFAST_HOOK_SECRET))) {
    return new Response("the request is not signed by a hook of ours\n", { status: 401 });
  }
  let event;
  try {
    event = JSON.parse(new TextDecoder().decode(body));
  } catch (error) {
    return new Response(`this is no event that is known here: ${error.message}\n`, { status: 400 });
  }
  try {
    return Response.json(await answer(event, env));
  } catch (error) {
    if (error instanceof Refusal) {
      return Response.json({ error: { code: error.code, message: error.message } });
    }
    return new Response(`${error.message}\n`, { status: 502 });
  }
};

async function isSigned(headers, body, secret) {
  const id = headers.get("webhook-id");
  const time = headers.get("webhook-timestamp");
  const signatures = headers.get("webhook-signature");
  if (!id || !time || !signatures || !(Math.abs(Date.now() / 1000 - Number(time)) <= tolerance)) {
    return false;
  }
  const raw = Buffer.from(secret.replace("whsec_", ""), "base64");
  const key = await crypto.subtle.importKey("raw", raw, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
  const signed = Buffer.concat([Buffer.from(`${id}.${time}.`), body]);
  for (const signature of signatures.split(" ")) {
    const [version, value] = signature.split(",");
    const good = version === "v1" && crypto.subtle.verify("HMAC", key, Buffer.from(value ?? "", "base64"), signed);
    if (await good) {
      return true;
    }
  }
  return false;
}
