package dev.gnserve.workshop.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

@Command(
        name = "bench",
        description = "Measures this machine.",
        subcommands = {
            GroupNormBenchCommand.class,
            ServingBenchCommand.class,
            PlansBenchCommand.class,
            CurveBenchCommand.class,
            VerificationBenchCommand.class,
            MemoryBenchCommand.class,
            LimitsBenchCommand.class,
            HostileBenchCommand.class,
            DecodeBenchCommand.class,
            OutputBenchCommand.class,
            LoadBenchCommand.class,
            OverloadBenchCommand.class,
            SoakBenchCommand.class
        })
final class BenchCommand implements Runnable {

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Override
    public void run() {
        spec.commandLine().usage(spec.commandLine().getOut());
    }
}
