package dev.gnserve.archive;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The kinds of normalization. */
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

    /** The name of its operator in TorchScript source. */
    String operator() {
        return operator;
    }

    /** The kind of an operator, by its name in TorchScript source; null if it is no normalization. */
    static @Nullable NormalizationKind ofOperator(String name) {
        for (NormalizationKind kind : values()) {
            if (kind.operator.equals(name)) {
                return kind;
            }
        }
        return NATIVE.get(name);
    }

    /** The engine's internal operator of Group Normalization, which also returns the statistics. */
    static final String NATIVE_GROUP_NORM = "torch.native_group_norm";

    /** What {@link PlannedArchive} calls in the place of {@code torch.group_norm}, with the same arguments. */
    static final String EXACT_GROUP_NORM = "__torch__.gnserve.plan.exact_group_norm";

    /** Internal operators, which decomposed programs call. */
    private static final Map<String, NormalizationKind> NATIVE = Map.of(
            NATIVE_GROUP_NORM,
            GROUP_NORM,
            EXACT_GROUP_NORM,
            GROUP_NORM,
            "torch.native_layer_norm",
            LAYER_NORM,
            "torch._native_batch_norm_legit_no_training",
            BATCH_NORM);

    /** Whether calls of an operator, by its name in TorchScript source, can be tapped. */
    static boolean isTapped(String operator) {
        return ofOperator(operator) == GROUP_NORM;
    }

    /** The name of an operator by which layers without a name of their own are called: {@code group_norm}. */
    static String functionName(String operator) {
        return operator.equals(EXACT_GROUP_NORM) ? "group_norm" : operator.substring("torch.".length());
    }

    /** The usual kind of a module class with this simple name; null if there is none. */
    static @Nullable NormalizationKind ofClass(String simpleName) {
        for (NormalizationKind kind : values()) {
            if (simpleName.contains(kind.classPart)) {
                return kind;
            }
        }
        return null;
    }
}
