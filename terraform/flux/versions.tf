terraform {
  # 1.9: a validation may name other variables. OpenTofu 1.9 has it as well.
  required_version = ">= 1.9"

  required_providers {
    kubectl = {
      source  = "gavinbunney/kubectl"
      version = "1.19.0"
    }
  }
}

# Nothing but a kubeconfig joins this root to the cluster: any cluster will do, not only the one of ../minikube.
provider "kubectl" {
  config_path       = pathexpand(var.kubeconfig_path)
  config_context    = var.kubeconfig_context
  load_config_file  = true
  apply_retry_count = 5
}
