// Package mqtt tests MQTT with other people's clients, beside the other edges, and while the server is killed.
package mqtt
