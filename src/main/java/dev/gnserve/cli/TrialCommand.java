package dev.gnserve.cli;

import dev.gnserve.backend.Device;
import dev.gnserve.backend.djl.EngineSettings;
import dev.gnserve.backend.djl.PyTorchBackend;
import dev.gnserve.trial.TrialWorker;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The process in which archives are tried; started by this program, not by people. */
@Command(name = "trial", hidden = true, description = "Loads the archives that come on standard input.")
final class TrialCommand implements Runnable {

    @Option(names = "--device", defaultValue = "CPU")
    @SuppressWarnings("NullAway.Init")
    private Device device;

    @Option(names = "--threads", defaultValue = "1")
    private int threads;

    @Override
    public void run() {
        try {
            TrialWorker.run(
                    System.in,
                    new FileOutputStream(FileDescriptor.out),
                    () -> PyTorchBackend.start(new EngineSettings(device, threads)));
        } catch (IOException e) {
            throw new UncheckedIOException("the program that started this one is gone", e);
        }
    }
}
