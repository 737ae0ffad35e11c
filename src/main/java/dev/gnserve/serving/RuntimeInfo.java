package dev.gnserve.serving;

import dev.gnserve.backend.Engine;
import dev.gnserve.norm.GroupNormKernel;
import dev.gnserve.process.Allocator;
import dev.gnserve.process.MemoryPlan;
import java.util.LinkedHashMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.actuate.info.Info;
import org.springframework.boot.actuate.info.InfoContributor;
import org.springframework.stereotype.Component;

/** The engine and the GroupNorm kernel in {@code /actuator/info}. */
@Component
final class RuntimeInfo implements InfoContributor {

    private static final Logger log = LoggerFactory.getLogger(RuntimeInfo.class);

    private final Engine engine;
    private final MemoryPlan plan;
    private final Allocator allocator = Allocator.current();
    private final GroupNormKernel.Selection groupNorm = GroupNormKernel.select();

    RuntimeInfo(Engine engine, MemoryPlan plan) {
        this.engine = engine;
        this.plan = plan;
        log.info(plan.table());
        if (allocator.advice() == null) {
            log.info("Allocator of native memory: {}", allocator.name());
        } else {
            log.warn("Allocator of native memory: {}: {}", allocator.name(), allocator.advice());
        }
        log.info("GroupNorm kernel {}: {}", groupNorm.kernel().name(), groupNorm.reason());
    }

    @Override
    public void contribute(Info.Builder builder) {
        builder.withDetail(
                "engine",
                Map.of(
                        "description", engine.describe().name(),
                        "device", engine.describe().device(),
                        "threads", engine.describe().threads()));
        builder.withDetail("memory", memory());
        builder.withDetail("groupNorm", Map.of("kernel", groupNorm.kernel().name(), "reason", groupNorm.reason()));
    }

    /** The plan, and what is taken of it now. */
    private Map<String, Object> memory() {
        Map<String, Object> memory = new LinkedHashMap<>();
        memory.put("limitBytes", plan.limit());
        memory.put("heapBytes", plan.heap());
        memory.put("imageBytes", plan.images());
        memory.put("uploadBytes", plan.uploads());
        memory.put("runtimeBytes", plan.runtime());
        memory.put("modelBytes", engine.memory().models());
        memory.put("passBytes", engine.memory().total());
        memory.put("passBytesTaken", engine.memory().taken());
        memory.put("allocator", allocator.name());
        return memory;
    }
}
