variable "profile" {
  description = "Minikube profile; also the name of the kubeconfig context."
  type        = string
  default     = "hello-delivery"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$", var.profile))
    error_message = "A profile is a DNS label: lower case letters, digits and inner hyphens, at most 63."
  }
}

variable "driver" {
  description = "What the node runs in."
  type        = string
  default     = "docker"
  nullable    = false

  validation {
    condition     = contains(["docker", "hyperv", "kvm2", "podman", "qemu2", "virtualbox"], var.driver)
    error_message = "One of docker, hyperv, kvm2, podman, qemu2, virtualbox. The driver none has no profile of its own and is refused."
  }
}

variable "cpus" {
  description = "CPUs of the node; the monitoring stack wants four."
  type        = number
  default     = 4
  nullable    = false

  validation {
    condition     = var.cpus >= 2 && var.cpus <= 64 && floor(var.cpus) == var.cpus
    error_message = "A whole number from 2 (less and kubeadm refuses) to 64."
  }
}

variable "memory_mib" {
  description = "Memory of the node in MiB; the whole stack wants 8192."
  type        = number
  default     = 8192
  nullable    = false

  validation {
    condition     = var.memory_mib >= 4096 && floor(var.memory_mib) == var.memory_mib
    error_message = "A whole number of MiB, at least 4096: with less, Prometheus and Grafana are killed."
  }
}

variable "disk_gib" {
  description = "Disk of the node in GiB."
  type        = number
  default     = 40
  nullable    = false

  validation {
    condition     = var.disk_gib >= 20 && floor(var.disk_gib) == var.disk_gib
    error_message = "A whole number of GiB, at least 20: images and the samples of a month."
  }
}

variable "kubernetes_version" {
  description = "Version of Kubernetes, with or without a leading v; the minors that Flux 2.9 supports."
  type        = string
  default     = "1.36.3"
  nullable    = false

  validation {
    condition     = can(regex("^v?1[.](34|35|36)[.](0|[1-9][0-9]?)$", var.kubernetes_version))
    error_message = "Write 1.36.3, a full version of 1.34 to 1.36; Flux 2.9 supports no other minor."
  }
}
