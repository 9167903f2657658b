package websocket

const idleClientEnv = "HOLDFAST_IDLE_CLIENT"

func runIdleClient(string) {}
