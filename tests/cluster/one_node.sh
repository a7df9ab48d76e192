#!/usr/bin/env bash
# A Slurm cluster of one node on this machine, and a command in it; by hand, as root, after
#   apt-get install slurm-wlm munge && pip install -e ".[cluster]"
#
#   tests/cluster/one_node.sh snakemake --profile workflow/profiles/slurm --slurm-status-command squeue --directory FOLDER TARGET
#
# The node has the machine's memory and its cores, or as many as CORES says; a job that takes more memory than its rule states is killed.
set -eu
place=$(mktemp -d /tmp/one_node.XXXXXX)
mkdir -p "$place/state" "$place/spool" /run/munge
chown munge:munge /run/munge
[ -s /etc/munge/munge.key ] || { mungekey --create; chown munge:munge /etc/munge/munge.key; }
name=$(hostname -s)
# By name, the controller and the node would look for each other in a network that is not there.
node=$(slurmd -C | head -1 | sed "s/NodeName=[^ ]*/NodeName=$name NodeAddr=127.0.0.1/")
[ -z "${CORES:-}" ] || node=$(sed -E "s/CPUs=[0-9]+ .*RealMemory/CPUs=$CORES RealMemory/" <<< "$node")
cat > "$place/slurm.conf" << CONF
ClusterName=one_node
SlurmctldHost=$name(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
StateSaveLocation=$place/state
SlurmdSpoolDir=$place/spool
SlurmctldPidFile=$place/slurmctld.pid
SlurmdPidFile=$place/slurmd.pid
SlurmctldLogFile=$place/slurmctld.log
SlurmdLogFile=$place/slurmd.log
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=2
JobAcctGatherParams=OverMemoryKill
MpiDefault=none
# What is asked of squeue has to be remembered for a while.
MinJobAge=600
DefMemPerCPU=500
ReturnToService=2
$node State=UNKNOWN
PartitionName=all Nodes=$name Default=YES MaxTime=INFINITE State=UP
CONF
# Snakemake's jobs drop the variables of Slurm, so the place of the file cannot be one of them.
[ ! -e /etc/slurm/slurm.conf ] || { echo "there is an /etc/slurm/slurm.conf already; this is for a machine without Slurm" >&2; exit 1; }
mkdir -p /etc/slurm
ln -s "$place/slurm.conf" /etc/slurm/slurm.conf
started=()
stop() {
  rm -f /etc/slurm/slurm.conf
  for pid in "${started[@]}"; do kill "$pid" 2> /dev/null || true; done
  wait
  echo "logs of the cluster: $place" >&2
}
trap stop EXIT
if ! munge -n 2> /dev/null | unmunge > /dev/null 2>&1; then
  setpriv --reuid munge --regid munge --clear-groups munged --foreground > "$place/munged.log" 2>&1 &
  started+=($!)
  sleep 2
fi
slurmctld -D > /dev/null 2>&1 &
started+=($!)
sleep 3
slurmd -D > /dev/null 2>&1 &
started+=($!)
for _ in $(seq 30); do
  [ "$(sinfo -h -o %t 2> /dev/null)" = idle ] && break
  sleep 1
done
sinfo
"$@"
