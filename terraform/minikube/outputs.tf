output "kubeconfig_context" {
  description = "Context that Minikube writes into the kubeconfig: the input of ../flux."
  value       = minikube_cluster.this.cluster_name
}

output "host" {
  description = "Address of the API server."
  value       = minikube_cluster.this.host
}

output "client_certificate" {
  description = "Certificate of the administrator. It is in the state: keep that as secret as the cluster."
  value       = minikube_cluster.this.client_certificate
  sensitive   = true
}

output "client_key" {
  description = "Key of the administrator."
  value       = minikube_cluster.this.client_key
  sensitive   = true
}

output "cluster_ca_certificate" {
  description = "Certificate authority of the cluster."
  value       = minikube_cluster.this.cluster_ca_certificate
  sensitive   = true
}
