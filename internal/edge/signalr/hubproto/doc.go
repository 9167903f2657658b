// Package hubproto is the hub protocol of ASP.NET Core SignalR, in JSON and in MessagePack: bytes in, messages out, and
// the reverse, without I/O. Source: the documents HubProtocol.md and TransportProtocols.md of dotnet/aspnetcore; where
// Microsoft's own clients differ from them, the clients count.
package hubproto
