# What is refused. No run here reaches the provider, so terraform/test also runs this file on variables.tf alone, where the
# provider cannot be installed.
mock_provider "minikube" {}

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

run "more_cpus_than_any_machine" {
  command = plan
  variables { cpus = 65 }
  expect_failures = [var.cpus]
}

run "half_a_mebibyte" {
  command = plan
  variables { memory_mib = 8192.5 }
  expect_failures = [var.memory_mib]
}

run "half_a_gibibyte" {
  command = plan
  variables { disk_gib = 40.5 }
  expect_failures = [var.disk_gib]
}
