#!/bin/sh
# Installs what the tests need besides Go, where it can (Debian as root), and otherwise says what is missing.
set -eu

missing=""
need() { # need COMMAND PACKAGE; servers are where only root looks for commands
	command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] || missing="$missing $2"
}
need chromium chromium
need certutil libnss3-tools
need node nodejs
need npm npm
need curl curl
need mosquitto_pub mosquitto-clients
need nginx nginx-light
need haproxy haproxy
need caddy caddy
[ -e /usr/lib/nginx/modules/ngx_stream_module.so ] || missing="$missing libnginx-mod-stream"
need systemd-analyze systemd
need openssl openssl
need php php-cli
need python3 python3

check_node() { # Vite needs this version or later; Debian 12 packages an older one
	node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' || {
		echo "Node.js $(node --version) is too old to build the pages: install 20.19 or later from https://nodejs.org/" >&2
		exit 1
	}
}

if [ -z "$missing" ]; then
	check_node
	exit 0
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
	echo "installing:$missing"
	apt-get update -qq
	# shellcheck disable=SC2086 # a list of packages
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
	check_node
	exit 0
fi
cat >&2 <<EOF
The tests need these Debian packages (or their like on your system):$missing
Install them, then run make again:
  sudo apt-get install$missing
EOF
exit 1
