package deploy

import (
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/holdfast-dev/holdfast/internal/health"
)

// manifests is what matters here of the objects for Kubernetes.
type manifests struct {
	config  string // holdfast.yaml
	peers   service
	clients service
	nodes   statefulSet
	budget  struct {
		Spec struct {
			MaxUnavailable int `yaml:"maxUnavailable"`
		}
	}
}

type service struct {
	Metadata struct{ Name string }
	Spec     struct {
		ClusterIP string `yaml:"clusterIP"`
		Early     bool   `yaml:"publishNotReadyAddresses"`
		Selector  map[string]string
		Ports     []struct {
			Port   int
			Target string `yaml:"targetPort"`
		}
	}
}

type statefulSet struct {
	Spec struct {
		Service  string `yaml:"serviceName"`
		Replicas int
		Policy   string `yaml:"podManagementPolicy"`
		Template struct {
			Metadata struct{ Labels map[string]string }
			Spec     struct {
				Grace      int `yaml:"terminationGracePeriodSeconds"`
				Containers []container
			}
		}
	}
}

type container struct {
	Ports []struct {
		Name string
		Port int `yaml:"containerPort"`
	}
	Env []struct {
		Name, Value string
		From        map[string]any `yaml:"valueFrom"`
	}
	Startup   probe `yaml:"startupProbe"`
	Liveness  probe `yaml:"livenessProbe"`
	Readiness probe `yaml:"readinessProbe"`
}

type probe struct {
	Get struct{ Path, Port, Scheme string } `yaml:"httpGet"`
}

// readManifests sorts the objects of the file.
func readManifests(t *testing.T) *manifests {
	t.Helper()
	var m manifests
	for decoder := yaml.NewDecoder(strings.NewReader(deployed(t, "kubernetes.yaml"))); ; {
		var object yaml.Node
		err := decoder.Decode(&object)
		if errors.Is(err, io.EOF) {
			return &m
		}
		var head struct {
			Kind string
			Spec struct{ Type string }
			Data map[string]string
		}
		if err := errors.Join(err, object.Decode(&head)); err != nil {
			t.Fatal(err)
		}
		var into any
		switch head.Kind + head.Spec.Type {
		case "ConfigMap":
			m.config = head.Data["holdfast.yaml"]
			continue
		case "Service":
			into = &m.peers
		case "ServiceLoadBalancer":
			into = &m.clients
		case "StatefulSet":
			into = &m.nodes
		case "PodDisruptionBudget":
			into = &m.budget
		default:
			continue
		}
		if err := object.Decode(into); err != nil {
			t.Fatal(err)
		}
	}
}

// environ returns the variables of a node's container, as Kubernetes would fill them in.
func (m *manifests) environ() (all []string) {
	for _, v := range m.nodes.Spec.Template.Spec.Containers[0].Env {
		value := strings.ReplaceAll(v.Value, "$(POD)", "holdfast-0")
		if v.From != nil {
			value = secret
		}
		all = append(all, v.Name+"="+value)
	}
	return all
}

func TestTheNodesOnKubernetesFindEachOther(t *testing.T) {
	m := readManifests(t)
	c := load(t, m.config, m.environ())
	if want := m.peers.Metadata.Name + ":6222"; !slices.Equal(c.Cluster.Peers, []string{want}) {
		t.Errorf("the peers are %q, and the service is %s", c.Cluster.Peers, want)
	}
	if !m.peers.Spec.Early || m.peers.Spec.ClusterIP != "None" || m.nodes.Spec.Service != m.peers.Metadata.Name || m.nodes.Spec.Policy != "Parallel" {
		t.Errorf("nodes that are not ready yet can't find each other: %+v", m.peers)
	}
	if c.Cluster.Node != "holdfast-0" || c.Cluster.Advertise != "holdfast-0."+m.peers.Metadata.Name+":6222" {
		t.Errorf("a node is called %s and is at %s", c.Cluster.Node, c.Cluster.Advertise)
	}
	for _, s := range []service{m.peers, m.clients} {
		for name, value := range s.Spec.Selector {
			if m.nodes.Spec.Template.Metadata.Labels[name] != value {
				t.Errorf("the service %s selects no node", s.Metadata.Name)
			}
		}
	}
	if majority := m.nodes.Spec.Replicas/2 + 1; m.nodes.Spec.Replicas-m.budget.Spec.MaxUnavailable < majority {
		t.Errorf("%d of %d nodes may be away", m.budget.Spec.MaxUnavailable, m.nodes.Spec.Replicas)
	}
}

func TestTheNodesOnKubernetesAreAskedWhereTheyListen(t *testing.T) {
	m := readManifests(t)
	c := load(t, m.config, m.environ())
	node := m.nodes.Spec.Template.Spec.Containers[0]
	listens := map[string]string{"https": c.Listen.HTTPS, "mqtts": c.Listen.MQTTS, "metrics": c.Listen.Metrics, "cluster": c.Cluster.Listen}
	for _, p := range node.Ports {
		if listens[p.Name] != ":"+strconv.Itoa(p.Port) {
			t.Errorf("the port %s is %d, and the node listens at %q", p.Name, p.Port, listens[p.Name])
		}
	}
	for _, p := range m.clients.Spec.Ports {
		if listens[p.Target] == "" {
			t.Errorf("the port %d for clients leads to %q", p.Port, p.Target)
		}
	}
	for _, p := range []struct {
		probe
		path string
	}{{node.Startup, health.AlivePath}, {node.Liveness, health.AlivePath}, {node.Readiness, health.ReadyPath}} {
		if p.Get.Path != p.path || p.Get.Port != "https" || p.Get.Scheme != "HTTPS" {
			t.Errorf("it asks %+v for %s", p.Get, p.path)
		}
	}
	if grace := time.Duration(m.nodes.Spec.Template.Spec.Grace) * time.Second; grace < stopping(t) {
		t.Errorf("a node is killed after %v", grace)
	}
}
