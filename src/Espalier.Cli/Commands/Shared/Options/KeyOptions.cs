using System.CommandLine;
using Espalier.Pipeline.Options;

namespace Espalier.Cli.Commands.Shared.Options;

/// <summary>
/// The keys of a recipe's section as options: names, help and defaults from their declaration, values read by the reader of recipes.
/// </summary>
/// <param name="keys">The keys; those that are no options are left out.</param>
/// <param name="defaults">The section where nothing is given.</param>
/// <param name="prefix">What stands before a key's name.</param>
internal sealed class KeyOptions<S>(IEnumerable<Key<S>> keys, S defaults, string prefix = "")
{
    private readonly (Key<S> Key, Option Option)[] _options =
        [.. keys.Where(key => key.IsOption).Select(key => (key, key.IsFlag ? (Option)FlagOf(key, prefix) : TextOf(key, prefix, defaults)))];

    internal IEnumerable<Option> Options => _options.Select(entry => entry.Option);

    /// <summary>What the user gave, as a recipe would have it.</summary>
    internal IEnumerable<(string Key, YamlValue Value)> Given(CommandRun run) =>
        _options.Where(entry => run.Has(entry.Option)).Select(entry => (entry.Key.Name, ValueOf(run, entry.Key, entry.Option)));

    /// <summary>The options that the user gave, by their names.</summary>
    internal IEnumerable<string> GivenNames(CommandRun run) =>
        Options.Where(run.Has).Select(option => option.Name);

    /// <summary>The section as a recipe with the same keys would say it.</summary>
    internal S Read(CommandRun run, Section section) => keys.Where(key => key.IsOption)
        .Read(SectionFields.OfOptions(Given(run), section), defaults);

    private static YamlValue ValueOf(CommandRun run, Key<S> key, Option option) =>
        key.OfText(option is Option<bool> flag ? run.Get(flag) ? "true" : "false" : run.Get((Option<string>)option)!);

    private static FlagOption FlagOf(Key<S> key, string prefix) =>
        new FlagOption($"--{prefix}{key.OptionName ?? key.Name}", key.Help).Or(key.Aliases);

    private static TextOption TextOf(Key<S> key, string prefix, S defaults)
    {
        var option = new TextOption($"--{prefix}{key.OptionName ?? key.Name}", key.Help, key.HelpName).Or(key.Aliases);
        if (key.ShowsDefault && key.Default(defaults) is { Length: > 0 } shown)
            option.DefaultValueFactory = _ => shown;
        return option;
    }
}
