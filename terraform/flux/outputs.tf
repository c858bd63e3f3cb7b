output "sync" {
  description = "What the cluster follows."
  value = {
    url    = local.git_url
    branch = local.git_branch
    path   = "./${local.folder}"
  }
}

output "git_secret" {
  description = "Secret in flux-system that must exist for Git, made by hand so that no credential is in the state; null when the repository is public."
  value       = local.git_secret
}

output "image_registry" {
  description = "Registry of the images, as the cluster's manifests see it."
  value       = var.image_registry
}

output "components" {
  description = "Objects that Flux consists of."
  value       = sort(keys(local.components))
}
