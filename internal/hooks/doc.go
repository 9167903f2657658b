// Package hooks asks an application's backend by HTTP whether something may happen, and tells it what has
// happened (docs/hooks.md).
//
// Questions are asked while a client waits: [Hooks.Connect], [Hooks.Subscribe], [Hooks.Publish] and
// [Hooks.RPC]. They are bounded in time and in number, and a breaker spares a backend that does not answer.
//
// What has happened is told later, and at least once: [Hooks.Tell] puts an event on a durable queue, and the
// messages of channels with history are read from their logs, which are a queue already. A runner for each
// hook hands them over, those of one channel in order.
package hooks
