mock_provider "minikube" {}

run "defaults" {
  command = plan
  assert {
    condition     = minikube_cluster.this.kubernetes_version == "v1.36.3" && minikube_cluster.this.memory == "8192mb"
    error_message = "The cluster is not the one of docs/minikube.md."
  }
  assert {
    condition     = !contains(minikube_cluster.this.addons, "ingress") && !contains(minikube_cluster.this.addons, "metrics-server")
    error_message = "These addons collide with what Git brings."
  }
  assert {
    condition     = output.kubeconfig_context == "hello-delivery"
    error_message = "The context is not the profile."
  }
}

run "a_leading_v_is_no_other_version" {
  command = plan
  variables { kubernetes_version = "v1.36.3" }
  assert {
    condition     = minikube_cluster.this.kubernetes_version == "v1.36.3"
    error_message = "The v is doubled or lost."
  }
}

run "first_apply" {
  command = apply
}

# Were the cluster made anew, its address would be unknown in the plan, and an unknown condition fails.
run "second_plan" {
  command = plan
  assert {
    condition     = output.host != ""
    error_message = "The second plan makes another cluster."
  }
}
