# No cluster: the provider is a mock, so this proves what would be asked of a cluster, not that a cluster accepts it.
mock_provider "kubectl" {}

variables {
  flux_components_file   = "tests/testdata/components.yaml"
  flux_components_sha256 = "c0ff8e60433aadc7ebb8cc723969c62502d9a7ea2a8f13deed50ccf8ce6a137a"
}

run "the_committed_cluster" {
  command = plan

  assert {
    condition     = yamldecode(kubectl_manifest.settings.yaml_body).data == { image_registry = "registry.gitlab.com/example-org/hello-delivery" }
    error_message = "The settings are not what apps/ substitutes."
  }
  assert {
    condition     = yamldecode(kubectl_manifest.settings.yaml_body).metadata.name == "cluster-settings"
    error_message = "The manifests read the ConfigMap cluster-settings."
  }
  assert {
    condition     = output.sync == { url = "https://gitlab.com/example-org/hello-delivery.git", branch = "main", path = "./clusters/minikube" }
    error_message = "The sync is not the committed one."
  }
  assert {
    condition     = kubectl_manifest.source.yaml_body == file("../../clusters/minikube/flux-system/gitrepository.yaml")
    error_message = "What is applied differs from what Flux will apply: they would fight."
  }
  assert {
    condition     = yamldecode(kubectl_manifest.sync.yaml_body).spec.sourceRef.name == yamldecode(kubectl_manifest.source.yaml_body).metadata.name
    error_message = "The sync follows another source."
  }
  assert {
    condition     = keys(kubectl_manifest.crds) == ["CustomResourceDefinition/gitrepositories.source.toolkit.fluxcd.io"]
    error_message = "CRDs are applied before everything else, and nothing else with them."
  }
  assert {
    condition     = yamldecode(values(kubectl_manifest.crds)[0].yaml_body).spec.versions[0].schema.openAPIV3Schema.type == "object"
    error_message = "A document was cut at hyphens inside of a text."
  }
  assert {
    condition = keys(kubectl_manifest.components) == [
      "Deployment/flux-system/helm-controller", "Deployment/flux-system/kustomize-controller",
      "Deployment/flux-system/notification-controller", "Deployment/flux-system/source-controller",
    ]
    error_message = "The namespace is a resource of its own; everything else of the file must be here."
  }
  assert {
    condition     = alltrue([for crd in kubectl_manifest.crds : crd.apply_only])
    error_message = "Destroying this root would delete every object that Flux manages."
  }
  assert {
    condition     = kubectl_manifest.namespace.apply_only
    error_message = "Destroying would leave the namespace in deletion: nobody answers the finalizers of what is in it."
  }
  assert {
    condition     = kubectl_manifest.sync.wait
    error_message = "Destroying would take the controllers away before they have removed the sync's finalizer."
  }
  assert {
    condition     = output.git_secret == "flux-system"
    error_message = "Who installs must be told which Secret Git needs."
  }
}

run "another_cluster" {
  command = plan
  variables {
    repository_root = "tests/testdata/repository"
    cluster_name    = "edge"
    git_url         = "https://git.example.com/group/project.git"
    git_branch      = "release"
    image_registry  = "registry.example.com:5000/group/project"
  }
  assert {
    condition     = output.sync.path == "./clusters/edge" && output.sync.branch == "release" && output.git_secret == null
    error_message = "The folder of the named cluster decides."
  }
  assert {
    condition     = yamldecode(kubectl_manifest.settings.yaml_body).data.image_registry == "registry.example.com:5000/group/project"
    error_message = "The registry does not arrive."
  }
}

run "a_registry_on_loopback" {
  command = plan
  variables {
    image_registry = "127.0.0.1:5000"
  }
}

run "registry_with_scheme" {
  command = plan
  variables {
    image_registry = "https://registry.example.com/a"
  }
  expect_failures = [var.image_registry]
}

run "registry_with_slash" {
  command = plan
  variables {
    image_registry = "registry.example.com/a/"
  }
  expect_failures = [var.image_registry]
}

run "registry_in_upper_case" {
  command = plan
  variables {
    image_registry = "registry.example.com/Group/a"
  }
  expect_failures = [var.image_registry]
}

run "registry_with_tag" {
  command = plan
  variables {
    image_registry = "registry.example.com/a:1.0"
  }
  expect_failures = [var.image_registry]
}

run "registry_with_digest" {
  command = plan
  variables {
    image_registry = "registry.example.com/a@sha256:00"
  }
  expect_failures = [var.image_registry]
}

run "registry_without_host" {
  command = plan
  variables {
    image_registry = "hello"
  }
  expect_failures = [var.image_registry]
}

run "registry_with_a_blank" {
  command = plan
  variables {
    image_registry = "registry.example.com/a b"
  }
  expect_failures = [var.image_registry]
}

run "registry_empty" {
  command = plan
  variables {
    image_registry = ""
  }
  expect_failures = [var.image_registry]
}

run "cluster_with_upper_case" {
  command = plan
  variables {
    cluster_name = "Minikube"
  }
  expect_failures = [var.cluster_name]
}

run "cluster_outside" {
  command = plan
  variables {
    cluster_name = "../apps"
  }
  expect_failures = [var.cluster_name]
}

run "cluster_without_folder" {
  command = plan
  variables {
    cluster_name = "nowhere"
  }
  expect_failures = [kubectl_manifest.namespace]
}

run "cluster_that_follows_another" {
  command = plan
  variables {
    repository_root = "tests/testdata/repository"
    cluster_name    = "copied"
  }
  expect_failures = [kubectl_manifest.namespace]
}

run "url_with_password" {
  command = plan
  variables {
    git_url = "https://me:secret@git.example.com/a.git"
  }
  expect_failures = [var.git_url]
}

run "url_of_the_short_form" {
  command = plan
  variables {
    git_url = "git@git.example.com:a.git"
  }
  expect_failures = [var.git_url]
}

run "url_without_scheme" {
  command = plan
  variables {
    git_url = "git@git.example.com/group/a.git"
  }
  expect_failures = [var.git_url]
}

run "url_over_plain_http" {
  command = plan
  variables {
    git_url = "http://git.example.com/a.git"
  }
  expect_failures = [var.git_url]
}

run "url_that_is_not_committed" {
  command = plan
  variables {
    git_url = "ssh://git@git.example.com/a.git"
  }
  expect_failures = [kubectl_manifest.namespace]
}

run "branch_with_blank" {
  command = plan
  variables {
    git_branch = "my branch"
  }
  expect_failures = [var.git_branch]
}

run "branch_with_two_dots" {
  command = plan
  variables {
    git_branch = "a..b"
  }
  expect_failures = [var.git_branch]
}

run "branch_that_is_not_committed" {
  command = plan
  variables {
    git_branch = "develop"
  }
  expect_failures = [kubectl_manifest.namespace]
}

run "no_checksum" {
  command = plan
  variables {
    flux_components_sha256 = "1234"
  }
  expect_failures = [var.flux_components_sha256]
}

run "another_checksum" {
  command = plan
  variables {
    flux_components_sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
  }
  expect_failures = [kubectl_manifest.namespace]
}

run "no_file" {
  command = plan
  variables {
    flux_components_file = "tests/testdata/absent.yaml"
  }
  expect_failures = [kubectl_manifest.namespace]
}

run "a_controller_is_missing" {
  command = plan
  variables {
    flux_components_file   = "tests/testdata/no-helm-controller.yaml"
    flux_components_sha256 = "2a6b2a0250aa9fa54118f14de51b3c860dd1b7cd46bad08687a1cd4c6a8dd9a5"
  }
  expect_failures = [kubectl_manifest.namespace]
}

run "a_secret_in_the_file" {
  command = plan
  variables {
    flux_components_file   = "tests/testdata/with-secret.yaml"
    flux_components_sha256 = "ee9e94020e0fd9d320ae79430f7c54eca87f156286dd93acf5d67926f6c45ee3"
  }
  expect_failures = [kubectl_manifest.namespace]
}

run "no_kubeconfig" {
  command = plan
  variables {
    kubeconfig_path = " "
  }
  expect_failures = [var.kubeconfig_path]
}

run "no_context" {
  command = plan
  variables {
    kubeconfig_context = ""
  }
  expect_failures = [var.kubeconfig_context]
}

run "first_apply" {
  command = apply
}

# As far as a mock tells: what exists is neither created nor replaced again. An identifier that is planned anew is unknown,
# and an unknown condition fails.
run "second_plan" {
  command = plan
  assert {
    condition = alltrue([
      for object in concat(
        [kubectl_manifest.namespace, kubectl_manifest.settings, kubectl_manifest.source, kubectl_manifest.sync],
        values(kubectl_manifest.crds), values(kubectl_manifest.components)
      ) : object.id != ""
    ])
    error_message = "An unchanged input changes an object."
  }
}
