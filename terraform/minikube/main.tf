locals {
  kubernetes_version = "v${trimprefix(var.kubernetes_version, "v")}"
}

resource "minikube_cluster" "this" {
  cluster_name       = var.profile
  driver             = var.driver
  kubernetes_version = local.kubernetes_version
  cpus               = var.cpus
  memory             = "${var.memory_mib}mb"
  disk_size          = "${var.disk_gib}g"
  nodes              = 1
  # Minikube's own network does not enforce NetworkPolicies.
  cni               = "calico"
  container_runtime = "containerd"
  # Volumes, and nothing else: the gateway and metrics-server come from Git, for every cluster the same.
  addons = ["default-storageclass", "storage-provisioner"]
  wait   = ["apiserver", "node_ready", "system_pods"]
}
