package dev.gnserve.pipeline;

import dev.gnserve.model.Task;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/** The tasks on images with their default parameters, as a request without parameters runs them. Thread-safe. */
@Component
public final class DefaultTasks {

    private final Map<Task, ImageTask<?, ?>> tasks;

    DefaultTasks(List<ImageTask<?, ?>> tasks) {
        this.tasks = tasks.stream().collect(Collectors.toMap(ImageTask::task, Function.identity()));
    }

    /** Null for a task that takes no images. */
    public @Nullable ImageTask<?, ?> of(Task task) {
        return tasks.get(task);
    }
}
