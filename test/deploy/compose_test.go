package deploy

import (
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// compose is what matters here of a Compose file.
type compose struct {
	Services map[string]struct {
		Environment map[string]string
		Grace       string `yaml:"stop_grace_period"`
		Networks    map[string]struct {
			Address string `yaml:"ipv4_address"`
		}
		Volumes []string
	}
	Configs map[string]struct{ Content string }
	Volumes map[string]any
}

func TestTheNodesOfTheComposeFileAreAClusterBehindHAProxy(t *testing.T) {
	var file compose
	if err := yaml.Unmarshal([]byte(deployed(t, "compose.yaml")), &file); err != nil {
		t.Fatal(err)
	}
	balancer := deployed(t, "haproxy.cfg")
	if !strings.Contains(balancer, strings.TrimSpace(lineWith(t, file.Configs["node"].Content, "listen:"))) {
		t.Error("the nodes do not listen as haproxy.cfg says")
	}
	for _, name := range []string{"a", "b", "c"} {
		service := file.Services[name]
		c := load(t, file.Configs["node"].Content, environ(service.Environment))
		if c.Cluster.Node != name || !slices.Contains(c.Cluster.Peers, name+":6222") || len(c.Cluster.Peers) != 3 {
			t.Errorf("node %s is called %q, among %q", name, c.Cluster.Node, c.Cluster.Peers)
		}
		if !strings.Contains(balancer, "server "+name+" "+service.Networks["holdfast"].Address+":8080\n") {
			t.Errorf("haproxy.cfg does not know node %s at %s", name, service.Networks["holdfast"].Address)
		}
		if grace := duration(t, service.Grace); grace < stopping(t) {
			t.Errorf("node %s is killed after %v", name, grace)
		}
		volume, path, _ := strings.Cut(service.Volumes[0], ":")
		if _, ok := file.Volumes[volume]; !ok || !slices.Contains(instructions(t, "VOLUME"), path) {
			t.Errorf("node %s keeps its data in %q", name, service.Volumes)
		}
	}
	if !slices.Contains(load(t, file.Configs["node"].Content, nil).Listen.Proxies, file.Services["haproxy"].Networks["holdfast"].Address) {
		t.Error("the nodes do not believe the balancer")
	}
}

// environ returns variables as a process has them, with secrets in the place of what the user is to give.
func environ(variables map[string]string) (all []string) {
	for name, value := range variables {
		if strings.HasPrefix(value, "${") {
			value = secret
		}
		all = append(all, name+"="+value)
	}
	return all
}

// lineWith returns the line of a text that begins with something.
func lineWith(t *testing.T, text, begin string) string {
	t.Helper()
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, begin) {
			return line
		}
	}
	t.Fatalf("no line begins with %q", begin)
	return ""
}
