locals {
  repository = coalesce(var.repository_root, abspath("${path.module}/../.."))
  folder     = "clusters/${var.cluster_name}"

  # The sync is committed, because Flux applies its own folder as well: whatever differed from the commit here would be
  # put back by Flux a minute later, and by the next apply again. So the files decide, and variables that differ are refused.
  source_file = "${local.repository}/${local.folder}/flux-system/gitrepository.yaml"
  sync_file   = "${local.repository}/${local.folder}/flux-system/sync.yaml"
  has_folder  = fileexists(local.source_file) && fileexists(local.sync_file)
  source_body = local.has_folder ? file(local.source_file) : ""
  sync_body   = local.has_folder ? file(local.sync_file) : ""
  source      = try(yamldecode(local.source_body), null)
  sync        = try(yamldecode(local.sync_body), null)
  git_url     = try(local.source.spec.url, "")
  git_branch  = try(local.source.spec.ref.branch, "")
  git_secret  = try(local.source.spec.secretRef.name, null)

  has_components = fileexists(var.flux_components_file)
  documents = [
    for text in split("\n---", "\n${local.has_components ? file(var.flux_components_file) : ""}") : {
      text = text
      yaml = yamldecode(text)
    } if can(regex("(?m)^kind:", text))
  ]
  components = {
    for document in local.documents :
    join("/", compact([document.yaml.kind, try(document.yaml.metadata.namespace, ""), document.yaml.metadata.name])) => document.text
  }
  kinds = distinct([for document in local.documents : document.yaml.kind])

  crds = { for key, text in local.components : key => text if startswith(key, "CustomResourceDefinition/") }
  # The namespace is a resource of its own.
  rest = { for key, text in local.components : key => text if !contains(keys(local.crds), key) && key != "Namespace/flux-system" }

  controllers = ["source-controller", "kustomize-controller", "helm-controller", "notification-controller"]
  missing     = [for name in local.controllers : name if !contains(keys(local.components), "Deployment/flux-system/${name}")]
}

# First of all: nothing is created while a condition below is not met.
resource "kubectl_manifest" "namespace" {
  yaml_body = yamlencode({
    apiVersion = "v1"
    kind       = "Namespace"
    metadata = {
      name = "flux-system"
      labels = {
        "app.kubernetes.io/instance"         = "flux-system"
        "app.kubernetes.io/part-of"          = "flux"
        "pod-security.kubernetes.io/enforce" = "restricted"
      }
    }
  })
  server_side_apply = true
  force_conflicts   = true
  # What the stages left here has finalizers, and with the controllers gone nobody would answer them: the namespace would
  # stay in deletion for ever. `flux uninstall` knows how to remove it.
  apply_only = true

  lifecycle {
    precondition {
      condition     = local.has_components
      error_message = "There is no file ${var.flux_components_file}; `flux install --export` writes it."
    }
    precondition {
      condition     = !local.has_components || try(filesha256(var.flux_components_file), "") == var.flux_components_sha256
      error_message = "${var.flux_components_file} has another SHA-256 than flux_components_sha256."
    }
    precondition {
      condition     = !local.has_components || length(local.missing) == 0
      error_message = "${var.flux_components_file} lacks ${join(", ", local.missing)}."
    }
    precondition {
      condition     = !contains(local.kinds, "Secret")
      error_message = "${var.flux_components_file} has a Secret in it; it would be in the state."
    }
    precondition {
      condition     = local.has_folder
      error_message = "There is no ${local.folder}/flux-system with gitrepository.yaml and sync.yaml in ${local.repository}."
    }
    precondition {
      condition     = !local.has_folder || try(trimsuffix(trimprefix(local.sync.spec.path, "./"), "/"), "") == local.folder
      error_message = "${local.folder}/flux-system/sync.yaml does not follow ./${local.folder}: the cluster would get another cluster's state."
    }
    precondition {
      condition     = !local.has_folder || (var.git_url == null ? true : var.git_url == local.git_url)
      error_message = "git_url differs from ${local.folder}/flux-system/gitrepository.yaml (${local.git_url}): commit the change there, or Flux puts it back."
    }
    precondition {
      condition     = !local.has_folder || (var.git_branch == null ? true : var.git_branch == local.git_branch)
      error_message = "git_branch differs from ${local.folder}/flux-system/gitrepository.yaml (${local.git_branch}): commit the change there, or Flux puts it back."
    }
  }
}

resource "kubectl_manifest" "crds" {
  for_each = local.crds

  yaml_body         = each.value
  server_side_apply = true
  force_conflicts   = true
  # Removing Flux must not remove every object that Flux manages.
  apply_only = true

  depends_on = [kubectl_manifest.namespace]
}

resource "kubectl_manifest" "components" {
  for_each = local.rest

  yaml_body         = each.value
  server_side_apply = true
  force_conflicts   = true
  wait_for_rollout  = true

  depends_on = [kubectl_manifest.crds]
}

# What the manifests of every app may ask for by ${image_registry}.
resource "kubectl_manifest" "settings" {
  yaml_body = yamlencode({
    apiVersion = "v1"
    kind       = "ConfigMap"
    metadata = {
      name      = "cluster-settings"
      namespace = "flux-system"
      labels    = { "reconcile.fluxcd.io/watch" = "Enabled" }
    }
    data = { image_registry = var.image_registry }
  })
  server_side_apply = true
  force_conflicts   = true

  depends_on = [kubectl_manifest.namespace]
}

resource "kubectl_manifest" "source" {
  yaml_body         = local.source_body
  server_side_apply = true
  force_conflicts   = true
  # On destroy: the finalizer has run before its controller goes.
  wait = true

  depends_on = [kubectl_manifest.components]
}

resource "kubectl_manifest" "sync" {
  yaml_body         = local.sync_body
  server_side_apply = true
  force_conflicts   = true
  # On destroy: the finalizer has run before its controller goes.
  wait = true

  # The settings before the sync: the first reconciliation already reads them.
  depends_on = [kubectl_manifest.source, kubectl_manifest.settings]
}
