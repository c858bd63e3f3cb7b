variable "kubeconfig_path" {
  description = "Kubeconfig of the cluster that Flux is installed into."
  type        = string
  default     = "~/.kube/config"
  nullable    = false

  validation {
    condition     = trimspace(var.kubeconfig_path) != ""
    error_message = "The path of the kubeconfig must not be empty."
  }
}

variable "kubeconfig_context" {
  description = "Context of the kubeconfig; always named, so that no other cluster is changed by mistake."
  type        = string
  default     = "hello-delivery"
  nullable    = false

  validation {
    condition     = trimspace(var.kubeconfig_context) != ""
    error_message = "The context must be named; the current one is never assumed."
  }
}

variable "cluster_name" {
  description = "Folder below clusters/ that this cluster follows."
  type        = string
  default     = "minikube"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$", var.cluster_name))
    error_message = "The name of a cluster is a DNS label: lower case letters, digits and inner hyphens, at most 63."
  }
}

variable "repository_root" {
  description = "Checkout that holds clusters/; by default the one that this root lies in."
  type        = string
  default     = null
}

variable "git_url" {
  description = "Address of the repository, https or ssh. Null takes what clusters/<cluster_name>/flux-system says; another one is refused."
  type        = string
  default     = null

  validation {
    # go-git in source-controller knows ssh:// only, not the short form git@host:path. No user and password in an address: they would be in the state.
    condition = var.git_url == null ? true : (
      can(regex("^https://[^/@[:space:]]+/[^[:space:]]+$", var.git_url)) ||
      can(regex("^ssh://([a-z_][-a-z0-9_]*@)?[^/:@[:space:]]+(:[0-9]+)?/[^[:space:]]+$", var.git_url))
    )
    error_message = "The address must be https://host/path or ssh://git@host/path, without a password in it."
  }
}

variable "git_branch" {
  description = "Branch to follow. Null takes what clusters/<cluster_name>/flux-system says; another one is refused."
  type        = string
  default     = null

  validation {
    condition     = var.git_branch == null ? true : can(regex("^[A-Za-z0-9_][A-Za-z0-9._/-]*$", var.git_branch)) && !strcontains(coalesce(var.git_branch, "-"), "..")
    error_message = "This is not the name of a branch."
  }
}

variable "image_registry" {
  description = "Where the cluster takes the images of this repository from, as in $CI_REGISTRY_IMAGE: host, optional port, path."
  type        = string
  default     = "registry.gitlab.com/example-org/hello-delivery"
  nullable    = false

  validation {
    condition     = !strcontains(var.image_registry, "://")
    error_message = "An image registry has no scheme: registry.example.com/group/project, not https://…"
  }
  validation {
    condition     = !endswith(var.image_registry, "/")
    error_message = "No slash at the end: /hello is put behind it."
  }
  validation {
    condition     = var.image_registry == lower(var.image_registry)
    error_message = "Names of images are lower case; use $CI_REGISTRY_IMAGE, not $CI_PROJECT_PATH."
  }
  validation {
    condition = strcontains(var.image_registry, "://") || endswith(var.image_registry, "/") || var.image_registry != lower(var.image_registry) ? true : can(regex(
      "^(localhost|[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)+|[a-z0-9]([-a-z0-9]*[a-z0-9])?:[0-9]+)(:[0-9]{1,5})?(/[a-z0-9]+(([._]|__|-+)[a-z0-9]+)*)*$",
      var.image_registry
    ))
    error_message = "This is no registry: a host (with a dot or a port, or localhost) and a path, without tag, digest or blanks."
  }
}

variable "flux_components_file" {
  description = "Flux's own manifests: the output of `flux install --export`."
  type        = string
  nullable    = false
}

variable "flux_components_sha256" {
  description = "SHA-256 of flux_components_file, as sha256sum prints it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9a-f]{64}$", var.flux_components_sha256))
    error_message = "A SHA-256 has 64 lower case hexadecimal digits."
  }
}
