using System.CommandLine;
using Espalier.Files;
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
        [.. keys.Where(key => key.IsOption).Select(key => (key, key.IsFlag ? FlagOf(key, prefix) : (Option)TextOf(key, prefix, defaults)))];

    internal void AddTo(Command command)
    {
        foreach (var (_, option) in _options)
            command.Options.Add(option);
    }

    /// <summary>What the user gave, as a recipe would have it.</summary>
    internal IEnumerable<(string Key, YamlValue Value)> Given(CommandRun run) =>
        _options.Where(entry => run.Has(entry.Option)).Select(entry => (entry.Key.Name, ValueOf(run, entry.Key, entry.Option)));

    /// <summary>The options that the user gave, by their names.</summary>
    internal IEnumerable<string> GivenNames(CommandRun run) =>
        _options.Select(entry => entry.Option).Where(run.Has).Select(option => option.Name);

    /// <summary>The section as a recipe with the same keys would say it.</summary>
    internal S Read(CommandRun run, Section section, S start) => keys.Where(key => key.IsOption)
        .Read(SectionFields.OfOptions(Given(run), section), start);

    private static YamlValue ValueOf(CommandRun run, Key<S> key, Option option) =>
        key.OfText(option is Option<bool> flag ? run.Get(flag) ? "true" : "false" : run.Get((Option<string>)option)!);

    private static Option<bool> FlagOf(Key<S> key, string prefix) =>
        new Option<bool>($"--{prefix}{key.OptionName ?? key.Name}") { Description = key.Help }.Or(key.Aliases);

    private static Option<string> TextOf(Key<S> key, string prefix, S defaults)
    {
        var option = new Option<string>($"--{prefix}{key.OptionName ?? key.Name}")
        {
            Description = key.Help,
            HelpName = key.HelpName
        }.Or(key.Aliases);
        if (key.ShowsDefault)
            option.DefaultValueFactory = _ => key.Default(defaults);
        return option;
    }
}
