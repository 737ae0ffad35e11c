package dev.gnserve.archive;

import org.jspecify.annotations.Nullable;

/** The normalizations that models are made with. */
public enum NormalizationKind {
    GROUP_NORM("group-norm", "torch.group_norm", "GroupNorm"),
    BATCH_NORM("batch-norm", "torch.batch_norm", "BatchNorm"),
    LAYER_NORM("layer-norm", "torch.layer_norm", "LayerNorm"),
    INSTANCE_NORM("instance-norm", "torch.instance_norm", "InstanceNorm");

    private final String text;
    private final String operator;
    private final String classPart;

    NormalizationKind(String text, String operator, String classPart) {
        this.text = text;
        this.operator = operator;
        this.classPart = classPart;
    }

    /** The name in reports: {@code group-norm}. */
    @Override
    public String toString() {
        return text;
    }

    /** The kind that an operator computes, by its name in TorchScript source, or null. */
    static @Nullable NormalizationKind ofOperator(String name) {
        for (NormalizationKind kind : values()) {
            if (kind.operator.equals(name)) {
                return kind;
            }
        }
        return name.equals(NATIVE_GROUP_NORM) ? GROUP_NORM : null;
    }

    /** Group Normalization under the name that it has within the engine; returns its statistics too. */
    static final String NATIVE_GROUP_NORM = "torch.native_group_norm";

    /** The kind that a module class of this simple name usually is, or null. */
    static @Nullable NormalizationKind ofClass(String simpleName) {
        for (NormalizationKind kind : values()) {
            if (simpleName.contains(kind.classPart)) {
                return kind;
            }
        }
        return null;
    }
}
