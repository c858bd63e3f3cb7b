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

run "a_minor_without_support" {
  command = plan
  variables { kubernetes_version = "1.37.1" }
  expect_failures = [var.kubernetes_version]
}
run "a_minor_alone" {
  command = plan
  variables { kubernetes_version = "1.36" }
  expect_failures = [var.kubernetes_version]
}
run "one_cpu" {
  command = plan
  variables { cpus = 1 }
  expect_failures = [var.cpus]
}
run "half_a_cpu" {
  command = plan
  variables { cpus = 2.5 }
  expect_failures = [var.cpus]
}
run "too_little_memory" {
  command = plan
  variables { memory_mib = 2048 }
  expect_failures = [var.memory_mib]
}
run "too_small_a_disk" {
  command = plan
  variables { disk_gib = 5 }
  expect_failures = [var.disk_gib]
}
run "driver_none" {
  command = plan
  variables { driver = "none" }
  expect_failures = [var.driver]
}
run "a_profile_with_a_blank" {
  command = plan
  variables { profile = "My cluster" }
  expect_failures = [var.profile]
}
run "again_without_a_change" {
  command = apply
}
run "the_second_apply" {
  command = apply
  assert {
    condition     = output.host == run.again_without_a_change.host
    error_message = "The second apply made another cluster."
  }
}
