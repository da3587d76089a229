namespace Espalier.Models.Families.Fields;

/// <summary>
/// The fields that every config class of transformers shares. <c>save_pretrained</c> leaves those out that say what they
/// say anyway, so the file of a target leaves them out too.
/// </summary>
internal static class PretrainedConfig
{
    /// <summary>The release whose layout is written where a source does not name its own.</summary>
    public const string Version = "4.57.6";

    private static readonly JsonObject s_sharedDefaults = ConfigJson.Object("""
        {
          "add_cross_attention": false, "bad_words_ids": null, "begin_suppress_tokens": null, "bos_token_id": null,
          "chunk_size_feed_forward": 0, "cross_attention_hidden_size": null, "decoder_start_token_id": null,
          "diversity_penalty": 0.0, "do_sample": false, "early_stopping": false, "encoder_no_repeat_ngram_size": 0,
          "eos_token_id": null, "exponential_decay_length_penalty": null, "finetuning_task": null,
          "forced_bos_token_id": null, "forced_eos_token_id": null, "is_decoder": false, "is_encoder_decoder": false,
          "length_penalty": 1.0, "max_length": 20, "min_length": 0, "no_repeat_ngram_size": 0, "num_beam_groups": 1,
          "num_beams": 1, "num_return_sequences": 1, "output_attentions": false, "output_hidden_states": false,
          "output_scores": false, "pad_token_id": null, "prefix": null, "problem_type": null, "pruned_heads": {},
          "remove_invalid_values": false, "repetition_penalty": 1.0, "return_dict": true,
          "return_dict_in_generate": false, "sep_token_id": null, "suppress_tokens": null, "task_specific_params": null,
          "temperature": 1.0, "tf_legacy_loss": false, "tie_encoder_decoder": false, "tokenizer_class": null,
          "top_k": 50, "top_p": 1.0, "torchscript": false, "typical_p": 1.0, "use_bfloat16": false
        }
        """);

    /// <summary>Names that transformers keeps to itself, and the path of the model that the source was loaded from.</summary>
    private static readonly string[] s_private = ["_name_or_path", "_commit_hash", "_attn_implementation_internal", "_auto_class"];

    /// <summary>Adds what every file has and takes out what none has.</summary>
    public static void Complete(JsonObject fields)
    {
        foreach (var name in s_private)
            fields.Remove(name);
        if (fields["transformers_version"] is null)
            fields["transformers_version"] = Version;
    }

    /// <summary>Leaves out shared fields with the shared default, unless the family's own default is another.</summary>
    public static void DropDefaults(JsonObject fields, JsonObject family)
    {
        foreach (var (name, value) in s_sharedDefaults)
            if (fields.TryGetPropertyValue(name, out var given) && JsonNode.DeepEquals(given, value)
                && (!family.TryGetPropertyValue(name, out var own) || JsonNode.DeepEquals(own, value)))
                fields.Remove(name);
    }

    /// <summary>
    /// The <c>generation_config.json</c> beside a written config: the source's, or the one that transformers derives from a config.
    /// </summary>
    public static JsonObject Generation(JsonObject? source, JsonObject config)
    {
        var fields = (JsonObject?)source?.DeepClone();
        if (fields is null)
        {
            fields = new() { ["_from_model_config"] = true };
            foreach (var name in (string[])["bos_token_id", "eos_token_id", "pad_token_id"])
                if (config[name] is { } id)
                    fields[name] = id.DeepClone();
        }

        if (fields["transformers_version"] is null)
            fields["transformers_version"] = config["transformers_version"]?.DeepClone() ?? Version;
        return ConfigJson.Sorted(fields);
    }
}
