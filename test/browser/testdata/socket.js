// Uses a class as an application does that knows WebSocket, and returns what it sees, step by step. Left out is in
// what HoldfastSocket differs on purpose (its README), and in what Chromium does from the standard: halves of close
// codes are cut off, and close(undefined, …) is close(0, …).
async (Class, name) => {
	const seen = [];
	const channel = `trace/${name.replace(/\W/g, "")}`;
	const url = `ws://${location.host}/channels/${channel}`;
	const say = (...words) => seen.push(words.map(String).join(" ").replaceAll(new RegExp(channel, "gi"), "CHANNEL"));
	const attempt = (what, run) => {
		try {
			say(what, "=", run());
		} catch (error) {
			const kind = error instanceof DOMException ? "DOMException" : error.constructor.name;
			say(what, "!", kind, error.name, error.code);
		}
	};
	const throwing = {
		toString() {
			throw new RangeError("mine");
		},
	};

	// The constructor.
	const make = (...args) => {
		const socket = new Class(...args);
		socket.close();
		return `${socket.url} ${socket.readyState} ${socket.protocol} ${socket.binaryType} ${socket.bufferedAmount}`;
	};
	attempt("no argument", () => make());
	attempt("no new", () => Class(url));
	const urls = ["", "x y", `/channels/${channel}`, `?q=1`, url.replace("ws", "http"), url.toUpperCase(), `${url}#`, `${url}#f`];
	for (const given of [...urls, "wss://", "wss://[", "ftp://a/b", "about:blank", "wss://a:b", new URL(url), Symbol(), throwing]) {
		attempt(`URL ${typeof given === "symbol" || given === throwing ? typeof given : given}`, () => make(given));
	}
	const protocols = [undefined, null, [], "a", 5, ["a", "b"], ["a", "A"], ["a", "a"], "", [""], "a b", "a,b", "a/b", "é", "✓", "\x7f"];
	for (const given of [...protocols, ["a", null], [["a"]], {}, Symbol(), throwing]) {
		attempt(`protocols ${typeof given === "symbol" || given === throwing ? typeof given : JSON.stringify(given)}`, () => make(url, given));
	}

	// What Web IDL makes of the interface.
	const { prototype } = Class;
	const constants = ["CONNECTING", "OPEN", "CLOSING", "CLOSED"];
	const readable = ["url", "readyState", "bufferedAmount", "extensions", "protocol"];
	const writable = ["onopen", "onmessage", "onerror", "onclose", "binaryType"];
	for (const key of [...constants, ...readable, ...writable, "send", "close", Symbol.toStringTag]) {
		for (const holder of [Class, prototype]) {
			const { get, set, value, ...how } = Object.getOwnPropertyDescriptor(holder, key) ?? {};
			const length = typeof value === "function" ? value.length : value;
			say("property", String(key), holder === Class, typeof get, typeof set, length, JSON.stringify(how));
		}
		attempt(`brand of ${String(key)}`, () => typeof prototype[key] === "function" && prototype[key].call({}, "x"));
	}
	say("lengths", Class.length, Object.getPrototypeOf(Class) === EventTarget, prototype.constructor === Class);
	say("constructor is enumerable:", Object.keys(prototype).includes("constructor"));

	// While it connects.
	const closes = [[0], [0.5], [999], [1001], [1005], [2999], [5000], [70000], [-1], [NaN], [Infinity], [null], ["x"], [{}]];
	closes.push([1000n], [Symbol()], [throwing], [1000, throwing], [5, throwing], [1000, "é".repeat(62)], [5, "é".repeat(62)]);
	const shown = args => args.map(arg => (arg === throwing ? "throwing" : typeof arg === "object" ? JSON.stringify(arg) : String(arg))).join();
	const closing = socket => {
		for (const args of closes) {
			attempt(`close(${shown(args)}) in ${socket.readyState}`, () => socket.close(...args));
		}
	};
	const shared = new WebAssembly.Memory({ shared: true, initial: 1, maximum: 1 }).buffer;
	const sending = socket => {
		const bytes = new Uint8Array([1, 2, 3, 4, 5, 6]);
		const texts = ["é", "", "\ud800x", new String("ab"), 5, undefined, null, [1, 2], {}];
		const binaries = [bytes, bytes.buffer, bytes.subarray(2, 4), new Uint16Array(bytes.buffer, 2, 1), new DataView(bytes.buffer, 1, 3), new Blob(["blob"])];
		for (const data of [...texts, ...binaries, shared, new Uint8Array(shared), Symbol(), throwing]) {
			const before = socket.bufferedAmount;
			const kind = Object.prototype.toString.call(data);
			attempt(`send ${kind} in ${socket.readyState}`, () => socket.send(data));
			// What was sent before may have left meanwhile.
			say("buffered", socket.bufferedAmount - before);
		}
		bytes.fill(9); // what was sent is not changed by that
		attempt("send()", () => socket.send());
	};
	const record = socket => {
		for (const type of ["open", "message", "error", "close"]) {
			socket.addEventListener(type, event => {
				const { bubbles, cancelable, code, reason, wasClean, origin, lastEventId, target } = event;
				const kind = Object.prototype.toString.call(event);
				say(type, kind, socket.readyState, bubbles, cancelable, code, reason, wasClean, origin, lastEventId, target === socket);
			});
		}
	};
	const ended = socket => new Promise(resolve => socket.addEventListener("close", resolve));

	// Closed before it is open.
	const early = new Class(url);
	record(early);
	say("string", Object.prototype.toString.call(early), early instanceof EventTarget, Object.keys(early).length);
	closing(early);
	sending(early);
	early.close(3000, "early");
	say("closing", early.readyState, early.bufferedAmount);
	attempt("again", () => early.close());
	await ended(early);
	sending(early);
	closing(early);

	// Attributes.
	const socket = new Class(`${url}?echo=true`);
	record(socket);
	for (const value of [5, null, undefined, "x", {}, () => {}]) {
		socket.onclose = value;
		say("handler", typeof value, socket.onclose === value, socket.onclose);
	}
	socket.onclose = null;
	for (const value of ["arraybuffer", "x", "", null, { toString: () => "blob" }]) {
		socket.binaryType = value;
		say("binaryType", socket.binaryType);
	}
	for (const key of [...readable, "OPEN", "binaryType"]) {
		attempt(`set ${key}`, () => {
			"use strict";
			socket[key] = Symbol();
		});
	}

	// Open.
	socket.onopen = () => say("handler is replaced");
	socket.addEventListener("open", () => say("listener behind the handler"));
	socket.onopen = function (event) {
		say("handler", this === socket, event.currentTarget === socket, event.eventPhase);
	};
	socket.onmessage = () => say("handler was taken back");
	socket.addEventListener("message", () => say("listener"));
	socket.onmessage = null;
	await new Promise(resolve => {
		socket.addEventListener("open", resolve);
	});
	say("open", socket.readyState, socket.protocol, socket.url, socket.bufferedAmount);
	closing(socket);

	// What is sent comes back, in order.
	const described = async data => {
		if (typeof data === "string") {
			return `text ${data}`;
		}
		const kind = Object.prototype.toString.call(data);
		return `${kind} ${data.type} ${new Uint8Array(data instanceof Blob ? await data.arrayBuffer() : data)}`;
	};
	for (const type of ["blob", "arraybuffer"]) {
		socket.binaryType = type;
		const came = [];
		const all = new Promise(resolve => {
			socket.onmessage = ({ data }) => came.push(data) === 15 && resolve();
		});
		sending(socket);
		await all;
		say("came", (await Promise.all(came.map(described))).join(" | "));
	}
	say("left", socket.bufferedAmount);

	// Closed by the application.
	attempt("close", () => socket.close(3210, "good\ud800bye"));
	say("closing", socket.readyState, socket.bufferedAmount);
	sending(socket);
	attempt("again", () => socket.close(1000));
	const before = socket.bufferedAmount;
	await ended(socket);
	say("closed", socket.readyState, socket.bufferedAmount - before, socket.binaryType);
	sending(socket);

	for (const args of [[], [undefined], [1000], [3000.4], ["4999"], [1000, undefined], [3000, null], [3000, "é".repeat(61)]]) {
		const other = new Class(url);
		await new Promise(resolve => {
			other.onopen = resolve;
		});
		record(other);
		attempt(`close(${shown(args)})`, () => other.close(...args));
		await ended(other);
	}
	return seen;
}
