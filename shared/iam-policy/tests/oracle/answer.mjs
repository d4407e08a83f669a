// Asks @cloud-copilot/iam-simulate: one case a line on standard input, one verdict a line on standard output.
//
// node answer.mjs DIR, where DIR holds `node_modules`. The package is under the AGPL: it runs in this process of its
// own, for tests, and is no part of Ringfence.

import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'

const load = (file) => import(pathToFileURL(join(process.argv[2], 'node_modules/@cloud-copilot', file)))
const simulate = (file) => load(`iam-simulate/dist/esm/${file}.js`)

const { authorize } = await simulate('core_engine/CoreSimulatorEngine')
const { AwsRequestImpl } = await simulate('request/request')
const { RequestContextImpl } = await simulate('requestContext')
const { DiscoveryContextKeyConstraints } = await simulate('context_keys/discoveryContextKeyConstraints')
const { loadPolicy } = await load('iam-policy/dist/esm/index.js')

const simulationParameters = {
  simulationMode: 'Strict',
  discoveryContextKeyConstraints: new DiscoveryContextKeyConstraints([])
}

const policy = (document) => (document ? loadPolicy(document, { name: 'policy' }) : undefined)
const policies = (documents) => (documents ?? []).map(policy)
const levels = (levels) =>
  (levels ?? []).map((documents, level) => ({ orgIdentifier: `level-${level}`, policies: policies(documents) }))
// What does not exist has to be undefined: an empty list allows nothing.
const someOrNone = (documents) => (documents?.length ? policies(documents) : undefined)

function verdict(line) {
  const { request, ...given } = JSON.parse(line)
  const { principal, action, resource, resource_account, context } = request
  return authorize({
    request: new AwsRequestImpl(
      principal === '*' ? { type: 'Anonymous' } : principal,
      { resource, accountId: resource_account },
      action,
      new RequestContextImpl(context),
      resource === '*'
    ),
    identityPolicies: policies(given.identity_policies),
    permissionBoundaries: someOrNone(given.boundary),
    sessionPolicy: policy(given.session_policy),
    serviceControlPolicies: levels(given.scps),
    resourceControlPolicies: levels(given.rcps),
    resourcePolicy: policy(given.resource_policy ?? given.trust_policy),
    vpcEndpointPolicies: someOrNone(given.vpc_endpoint_policies),
    simulationParameters
  }).result
}

for await (const line of createInterface({ input: process.stdin })) {
  let answer
  try {
    answer = verdict(line)
  } catch (error) {
    answer = `Error: ${String(error).replaceAll('\n', ' ')}`
  }
  if (!process.stdout.write(`${answer}\n`)) {
    await new Promise((resolve) => process.stdout.once('drain', resolve))
  }
}
