// Package deploy holds the files of deploy/ that are not for load balancers to what the command and its configuration do. Docker and
// Kubernetes are not needed: what is written for them is read here.
package deploy
